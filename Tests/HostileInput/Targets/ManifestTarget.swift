import ChainArchive
import FileSystem
import TensorFiles
import VarveTestSupport

/// Manifests. The first byte tells the kind, the rest is the body, or all of the file but its hash.
enum ManifestTarget {
    private enum Form: CaseIterable {
        case archive, step, run, forgotten, parity
        case sealedArchive, sealedStep, sealedRun, sealedForgotten, sealedParity, partParity
    }

    static func run(_ input: [UInt8]) throws {
        guard let first = input.first else { return }
        let body = Array(input.dropFirst())
        switch Form.allCases[Int(first) % Form.allCases.count] {
        case .archive: _ = try refused { () throws(VarveError) in try ArchiveManifest(decoding: body, file: "input") }
        case .step: try step(body)
        case .run: try runManifest(body)
        case .sealedArchive: try sealed(body, .archive)
        case .sealedStep: try sealed(body, .step)
        case .sealedRun: try sealed(body, .run)
        case .forgotten: try forgotten(body)
        case .parity: _ = try refused { () throws(VarveError) in try ManifestParity(decoding: body, file: "input") }
        case .sealedForgotten: try sealed(body, .forgotten)
        case .sealedParity: try sealed(body, .parity)
        case .partParity: try partParity(body)
        }
    }

    private static func refused<Result>(_ body: () throws(VarveError) -> Result) throws -> Result? {
        try BrokenPromise.allowing([.damaged], body)
    }

    private static func step(_ body: [UInt8]) throws {
        guard
            let manifest = try refused({ () throws(VarveError) in
                try StepManifest(decoding: body, file: "input")
            })
        else { return }
        _ = (try? manifest.quantizedGroupMembers(), try? manifest.losslessGroupMembers(), manifest.weightsDigest)
        _ = (manifest.decodingUnits(), manifest.decodingUnits(onlyWeights: true))
        for entry in manifest.entries {
            try BrokenPromise.unless(Paths.isSafeRelative(entry.path), "the path \(entry.path)")
        }
        for tensor in manifest.tensors {
            var byteCount = 0
            for piece in tensor.pieces.pieces {
                let range = tensor.pieces.range(piece)
                try BrokenPromise.unless(
                    range.upperBound <= manifest.entries[piece.file].byteCount, "a tensor outside of its file")
                byteCount += range.count
            }
            try BrokenPromise.unless(byteCount == tensor.byteCount, "pieces that are not the tensor")
        }
        // Written again it is the same.
        let written = manifest.encoded()
        let again = try StepManifest(decoding: written, file: "written")
        try BrokenPromise.unless(again.encoded() == written, "a manifest changes when it is written")
    }

    private static func forgotten(_ body: [UInt8]) throws {
        guard
            let forgotten = try refused({ () throws(VarveError) in try ForgottenSteps(decoding: body, file: "input") })
        else { return }
        let again = try ForgottenSteps(decoding: forgotten.encoded(), file: "written")
        try BrokenPromise.unless(again == forgotten, "what is forgotten changes when it is written")
    }

    private static func runManifest(_ body: [UInt8]) throws {
        guard
            let manifest = try refused({ () throws(VarveError) in
                try RunManifest(decoding: body, file: "input")
            })
        else { return }
        let written = manifest.encoded()
        let again = try RunManifest(decoding: written, file: "written")
        try BrokenPromise.unless(again.encoded() == written, "a manifest changes when it is written")
    }

    /// A part's parity, and a short part that it is tried on.
    private static func partParity(_ bytes: [UInt8]) throws {
        let path = try write(bytes, to: "0000.parity")
        let read = try BrokenPromise.allowing([.damaged, .unsupported]) { () throws(VarveError) in
            try PartParity.read(path)
        }
        guard let parity = read.flatMap({ $0 }) else { return }
        // A minor version is not kept.
        let isPlain = try Scratch.bytes(path)[6..<8].allSatisfy { $0 == 0 }
        try BrokenPromise.unless(
            try !isPlain || Scratch.bytes(path) == parity.sealed, "a parity changes when it is written")
        let part = Scratch.directory.file("0000.part")
        try Scratch.write(Array(bytes.prefix(100)), to: part)
        _ = try PartMender(part, parity).examine()
    }

    /// A whole file; the hash that ends it is made right, so that what lies behind it is reached.
    private static func write(_ bytes: [UInt8], to name: String) throws -> String {
        let hash = Hash128(bytes)
        let path = Scratch.directory.file(name)
        try Scratch.write(bytes + LittleEndianBytes.of(hash.low) + LittleEndianBytes.of(hash.high), to: path)
        return path
    }

    private static func sealed(_ bytes: [UInt8], _ kind: ManifestFile.Kind) throws {
        let path = try write(bytes, to: "manifest")
        _ = try BrokenPromise.allowing([.damaged, .unsupported]) { () throws(VarveError) in
            try ManifestFile.open(path, kind: kind)
        }
    }

    /// Kinds of sealed files by their names.
    private enum Kinds {
        static func isManifest(_ path: String) -> Bool {
            path.hasSuffix(".manifest") || path.hasSuffix("/manifests.parity")
        }

        static func kind(_ path: String) -> ManifestFile.Kind {
            switch Paths.split(path).name {
            case "step.manifest": .step
            case "run.manifest": .run
            case "forgotten.manifest": .forgotten
            case "manifests.parity": .parity
            default: .archive
            }
        }
    }

    /// Every manifest of the golden archives and the small ones, as a body and as a file.
    static func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        func form(_ form: Form) -> UInt8 { UInt8(Form.allCases.firstIndex(of: form) ?? 0) }
        let folders = try StoredRecord.archives() + [SharedRuns.fixtures("golden")]
        for path in try folders.flatMap({ try SharedRuns.files(under: $0) }) where Kinds.isManifest(path) {
            let kind = Kinds.kind(path)
            let sealed = try ManifestFile.open(path, kind: kind)
            guard sealed.body.count <= 1 << 13 else { continue }
            let forms: (body: Form, sealed: Form) =
                switch kind {
                case .step: (.step, .sealedStep)
                case .forgotten: (.forgotten, .sealedForgotten)
                case .parity: (.parity, .sealedParity)
                case .run: (.run, .sealedRun)
                default: (.archive, .sealedArchive)
                }
            seeds.append([form(forms.body)] + sealed.body)
            seeds.append([form(forms.sealed)] + (try Scratch.bytes(path)).dropLast(ManifestFile.trailerSize))
        }
        for path in try folders.flatMap({ try SharedRuns.files(under: $0) })
        where ArchiveLayout.isParityName(Paths.split(path).name) {
            seeds.append([form(.partParity)] + (try Scratch.bytes(path)).dropLast(ManifestFile.trailerSize))
        }
        var marks = ForgottenSteps()
        marks.pins = [10, 30]
        marks.marks = [20: .init(.moments), 40: .init(.whole, pruned: .moments)]
        seeds.append([form(.forgotten)] + marks.encoded())
        return seeds
    }
}
