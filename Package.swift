// swift-tools-version: 6.2
import PackageDescription

/// Settings every Swift target of the package is built with. Language mode 6 (strict concurrency) comes with the
/// tools version.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "varve",
    products: [
        .library(name: "Varve", targets: ["Varve"]),
        .executable(name: "varve", targets: ["VarveCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CGlibc"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        .target(name: "FileSystem", swiftSettings: settings),
        .target(name: "TensorFiles", dependencies: ["FileSystem", "CZlib"], swiftSettings: settings),
        .target(name: "TensorCodecs", dependencies: ["CZstd", "COpenBLAS"], swiftSettings: settings),
        .target(name: "Checkpoints", dependencies: ["FileSystem", "TensorFiles"], swiftSettings: settings),
        .target(
            name: "ChainArchive",
            dependencies: ["FileSystem", "TensorFiles", "TensorCodecs", "CXXHash"],
            swiftSettings: settings),
        .target(
            name: "Varve",
            dependencies: ["FileSystem", "TensorFiles", "TensorCodecs", "Checkpoints", "ChainArchive"],
            swiftSettings: settings),
        .executableTarget(
            name: "VarveCommand",
            dependencies: [
                "Varve", "CGlibc",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        // What Docs/guide/swift.md shows of the library.
        .executableTarget(
            name: "CompressRun", dependencies: ["Varve"], path: "Examples/CompressRun", swiftSettings: settings),
        .executableTarget(
            name: "ReadTensor", dependencies: ["Varve"], path: "Examples/ReadTensor", swiftSettings: settings),
        .testTarget(
            name: "ExampleTests", dependencies: ["CompressRun", "ReadTensor", "VarveTestSupport"],
            swiftSettings: settings),

        .target(
            name: "VarveTestSupport", dependencies: ["FileSystem", "TensorFiles"], path: "Tests/VarveTestSupport",
            swiftSettings: settings),
        .testTarget(
            name: "FileSystemTests", dependencies: ["FileSystem", "VarveTestSupport"], swiftSettings: settings),
        .testTarget(
            name: "TensorFilesTests", dependencies: ["FileSystem", "TensorFiles", "VarveTestSupport"],
            swiftSettings: settings),
        // Run by the tests under several BLAS kernels.
        .executableTarget(
            name: "BasisProbe", dependencies: ["TensorCodecs", "COpenBLAS"], path: "Benchmarks/BasisProbe",
            swiftSettings: settings),
        // Ratio and speed of the lossless coder alone, for comparisons.
        .executableTarget(
            name: "LosslessBench", dependencies: ["TensorCodecs", "CGlibc"], path: "Benchmarks/LosslessBench",
            swiftSettings: settings),
        // Stages of the transform by the side of a matrix.
        .executableTarget(
            name: "TransformBench", dependencies: ["TensorCodecs", "CGlibc"], path: "Benchmarks/TransformBench",
            swiftSettings: settings),
        // Time per stage of method `excp` alone.
        .executableTarget(
            name: "ExcpBench", dependencies: ["TensorCodecs", "CGlibc"], path: "Benchmarks/ExcpBench",
            swiftSettings: settings),
        .testTarget(
            name: "TensorCodecsTests", dependencies: ["TensorCodecs", "VarveTestSupport", "BasisProbe"],
            swiftSettings: settings),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: ["Checkpoints", "FileSystem", "TensorFiles", "VarveTestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "ChainArchiveTests",
            dependencies: ["ChainArchive", "FileSystem", "TensorFiles", "TensorCodecs", "VarveTestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "VarveTests",
            dependencies: [
                "Varve", "ChainArchive", "Checkpoints", "FileSystem", "TensorFiles", "TensorCodecs", "VarveTestSupport",
            ],
            swiftSettings: settings),
        // Hostile bytes: the bodies of the fuzz targets, the damage of archives byte by byte.
        .target(
            name: "HostileInput",
            dependencies: [
                "Varve", "ChainArchive", "Checkpoints", "FileSystem", "TensorFiles", "TensorCodecs", "VarveTestSupport",
            ],
            path: "Tests/HostileInput", swiftSettings: settings),
        .executableTarget(
            name: "Fuzz", dependencies: ["HostileInput", "FileSystem", "TensorFiles", "VarveTestSupport"],
            path: "Tests/Fuzz",
            exclude: ["run.sh"], swiftSettings: settings),
        // Every byte of small archives, changed in every way.
        .executableTarget(
            name: "Mutation", dependencies: ["HostileInput", "VarveTestSupport"], path: "Tests/Mutation",
            swiftSettings: settings),
        .testTarget(
            name: "HostileInputTests",
            dependencies: ["HostileInput", "Varve", "ChainArchive", "FileSystem", "TensorFiles", "VarveTestSupport"],
            swiftSettings: settings),
        // Kills, failing calls, lost power, full disks: the short form in TortureTests, all of it by the tool.
        .target(
            name: "TortureKit",
            dependencies: ["Varve", "ChainArchive", "FileSystem", "TensorFiles", "VarveTestSupport"],
            path: "Tests/Torture/Kit", swiftSettings: settings),
        .executableTarget(
            name: "Torture", dependencies: ["TortureKit", "VarveTestSupport"], path: "Tests/Torture/Tool",
            swiftSettings: settings),
        .testTarget(
            name: "TortureTests", dependencies: ["TortureKit", "Torture", "VarveTestSupport"],
            path: "Tests/Torture/Tests", swiftSettings: settings),
        .testTarget(
            name: "VarveCommandTests", dependencies: ["VarveCommand", "VarveTestSupport"], swiftSettings: settings),
    ]
)
