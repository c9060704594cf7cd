import ChainArchive
import TensorFiles
import VarveTestSupport

/// Manifests. The first byte tells the kind and version, the rest is the body, or all of the file but its hash.
enum ManifestTarget {
    private enum Form: CaseIterable {
        case archive, step1, step2, step3, run1, run2, sealedArchive, sealedStep, sealedRun
    }

    static func run(_ input: [UInt8]) throws {
        guard let first = input.first else { return }
        let body = Array(input.dropFirst())
        switch Form.allCases[Int(first) % Form.allCases.count] {
        case .archive: _ = try refused { () throws(VarveError) in try ArchiveManifest(decoding: body, file: "input") }
        case .step1: try step(body, 1)
        case .step2: try step(body, 2)
        case .step3: try step(body, 3)
        case .run1: try run(body, 1)
        case .run2: try run(body, 2)
        case .sealedArchive: try sealed(body, .archive)
        case .sealedStep: try sealed(body, .step)
        case .sealedRun: try sealed(body, .run)
        }
    }

    private static func refused<Result>(_ body: () throws(VarveError) -> Result) throws -> Result? {
        try BrokenPromise.allowing([.damaged], body)
    }

    private static func step(_ body: [UInt8], _ version: UInt16) throws {
        guard
            let manifest = try refused({ () throws(VarveError) in
                try StepManifest(decoding: body, version: version, file: "input")
            })
        else { return }
        _ = (try? manifest.bundleMembers(), try? manifest.packMembers(), manifest.weightsDigest)
        _ = (manifest.decodingUnits(), manifest.decodingUnits(onlyWeights: true))
        for entry in manifest.entries {
            try BrokenPromise.unless(Paths.isSafeRelative(entry.path), "the path \(entry.path)")
        }
        for tensor in manifest.tensors {
            let entry = manifest.entries[tensor.entry]
            try BrokenPromise.unless(
                UInt64(tensor.byteCount) <= entry.byteCount
                    && tensor.fileOffset <= entry.byteCount - UInt64(tensor.byteCount),
                "a tensor outside of its file")
        }
        // Written again it is the same, whatever the version was.
        let written = manifest.encoded()
        let again = try StepManifest(decoding: written, file: "written")
        try BrokenPromise.unless(again.encoded() == written, "a manifest changes when it is written")
    }

    private static func run(_ body: [UInt8], _ version: UInt16) throws {
        guard
            let manifest = try refused({ () throws(VarveError) in
                try RunManifest(decoding: body, version: version, file: "input")
            })
        else { return }
        let written = manifest.encoded()
        let again = try RunManifest(decoding: written, file: "written")
        try BrokenPromise.unless(again.encoded() == written, "a manifest changes when it is written")
    }

    /// A whole file; the hash that ends it is made right, so that what lies behind it is reached.
    private static func sealed(_ bytes: [UInt8], _ kind: SealedFile.Kind) throws {
        let hash = Hash128(bytes)
        let path = Scratch.directory.file("manifest")
        try Scratch.write(bytes + LittleEndianBytes.of(hash.low) + LittleEndianBytes.of(hash.high), to: path)
        _ = try BrokenPromise.allowing([.damaged, .unsupported]) { () throws(VarveError) in
            try SealedFile.open(path, kind: kind)
        }
    }

    /// Every manifest of the golden archives and the small ones, as a body and as a file.
    static func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        func form(_ form: Form) -> UInt8 { UInt8(Form.allCases.firstIndex(of: form) ?? 0) }
        let folders = try StoredRecord.archives() + [SharedRuns.fixtures("golden")]
        for path in try folders.flatMap({ try SharedRuns.files(under: $0) }) where path.hasSuffix(".manifest") {
            let kind: SealedFile.Kind =
                path.hasSuffix("step.manifest") ? .step : path.hasSuffix("run.manifest") ? .run : .archive
            let sealed = try SealedFile.open(path, kind: kind)
            guard sealed.body.count <= 1 << 13 else { continue }
            let forms: (body: Form, sealed: Form) =
                switch (kind, sealed.version) {
                case (.step, 1): (.step1, .sealedStep)
                case (.step, 2): (.step2, .sealedStep)
                case (.step, _): (.step3, .sealedStep)
                case (.run, 1): (.run1, .sealedRun)
                case (.run, _): (.run2, .sealedRun)
                default: (.archive, .sealedArchive)
                }
            seeds.append([form(forms.body)] + sealed.body)
            seeds.append([form(forms.sealed)] + (try Scratch.bytes(path)).dropLast(SealedFile.trailerSize))
        }
        return seeds
    }
}
