/// `swift run ReadTensor ARCHIVE NAME`
@main
struct Example {
    static func main() throws {
        guard CommandLine.arguments.count == 3 else { return print("usage: ReadTensor ARCHIVE NAME") }
        let squares = try meanSquares(of: CommandLine.arguments[2], in: CommandLine.arguments[1])
        for (step, square) in squares.sorted(by: { $0.key < $1.key }) { print("step \(step): \(square)") }
    }
}
