import ChainArchive
import FileSystem
import TensorCodecs

extension StepManifest {
    /// The method that the step was made with, and its settings, as the manifest tells them.
    /// - Throws: `.unsupported` where it does not tell enough to encode the step once more.
    func recordedMethod() throws(VarveError) -> StepMethod {
        switch method {
        case Self.losslessMethod: return .lossless
        case StepMethod.excp(.published).name: return .excp(excpSettings)
        default: break
        }
        let prefix = "transform "
        guard method.hasPrefix(prefix), let options = TransformOptions(name: String(method.dropFirst(prefix.count)))
        else {
            throw VarveError(
                .unsupported,
                "step \(StepVersion.text(number)) does not say with which settings it was made (\(method)), so it cannot be "
                    + "taken again")
        }
        return .transform(try options.settings(), name: options.name)
    }

    private var excpSettings: ExcpSettings {
        for group in quantizedGroups { if case .excp(let settings) = group.settings { return settings } }
        return .published
    }
}
