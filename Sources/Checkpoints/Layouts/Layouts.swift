/// All layouts, the most telling first.
enum Layouts {
    static let all: [any Layout.Type] = [
        TrainerLayout.self, OrbaxLayout.self, DCPLayout.self, DeepSpeedLayout.self, MegatronLayout.self,
        SpeechBrainLayout.self, AccelerateLayout.self, KerasLayout.self, MLXLayout.self,
    ]

    /// The layout of a checkpoint; `PlainLayout` where none of the others recognises it.
    static func layout(of shape: StepShape) -> any Layout.Type {
        all.first { $0.recognizes(shape) } ?? PlainLayout.self
    }

    /// Files inside an understood checkpoint that belong to a layout that is not: flat partitions, distributed pieces.
    static func isForeign(_ path: String) -> Bool { all.contains { $0.owns(path) } }

    /// Files that are no containers, whatever their checkpoint's layout.
    static func isPiece(_ path: String) -> Bool { all.contains { $0.isPiece(path) } }
}
