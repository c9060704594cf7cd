import Varve

/// Settings that promises are tested with.
enum TestMethods {
    static let excp = CompressionOptions.Method.excp(ExcpOptions(alpha: 0.01))
    static let transform = CompressionOptions.Method.transform(TransformOptions())
    static let high = CompressionOptions.Method.transform(TransformOptions(quality: .high))
    static let small = CompressionOptions.Method.transform(TransformOptions(quality: .small))
    /// Lossy between keyframes only.
    static let exactKeyframes = CompressionOptions.Method.transform(TransformOptions(keyframes: .exact))

    static let lossless = CompressionOptions.Method.lossless

    static let both = [excp, transform]
    static let chains = both + [lossless]
    static let transforms = [high, transform, small, exactKeyframes]
    static let lossy = [excp] + transforms
    static let all = lossy + [lossless]
}
