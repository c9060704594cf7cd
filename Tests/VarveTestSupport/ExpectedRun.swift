import Foundation

/// `expected/NAME.json`: what a reader must find in a run.
public struct ExpectedRun: Decodable, Sendable {
    public struct Tensor: Decodable, Sendable {
        public var sha256: String?
        public var dtype: String?
        public var shape: [Int]?
    }
    public struct Row: Decodable, Sendable {
        public var name: String
        public var shape: [Int]
        public var dtype: String
        public var weight: Tensor
        public var firstMoment: Tensor?
        public var secondMoment: Tensor?
        public var other: [String: Tensor]?
        public var buffer: Bool?
    }
    public struct Step: Decodable, Sendable {
        public var step: Int
        public var checkpoint: String
        public var parameters: [Row]
    }
    public var stepIs: String?
    public var steps: [Step]

    public static func load(_ path: String) throws -> ExpectedRun {
        try JSONDecoder().decode(ExpectedRun.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
