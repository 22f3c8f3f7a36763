// swift-tools-version: 6.1
// Benchmarks are a package of their own, so that nobody who uses Sonde fetches a benchmark library. The rooms they
// measure are compiled from the same sources (House is a link to ../Sources), inside this package: their doors are
// `package`, and a foreign package could not open them.

import PackageDescription

let houseRules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "House/\(name)", swiftSettings: houseRules)
}

/// What the library is built on.
let libraryPackages: [Target.Dependency] = [
    .product(name: "Logging", package: "swift-log"),
    .product(name: "Metrics", package: "swift-metrics"),
    .product(name: "CoreMetrics", package: "swift-metrics"),
    .product(name: "Tracing", package: "swift-distributed-tracing"),
    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    .product(name: "Configuration", package: "swift-configuration"),
    .product(name: "AsyncHTTPClient", package: "async-http-client"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]

let serverPackages: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "NIOEmbedded", package: "swift-nio"),
]

let package = Package(
    name: "sonde-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", path: "House/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        room("SondeModel", []),
        room("SondeWire", ["SondeModel", "CZlib"]),
        room("SondeStorage", ["SondeModel"]),
        room("SondeAnalysis", ["SondeModel"]),
        room("SondePipeline", ["SondeModel", "SondeStorage", "SondeAnalysis"]),
        room("SondeTerminal", []),
        room("SondeViewer", ["SondeModel", "SondeTerminal", "SondeStorage", "SondeAnalysis"]),
        room(
            "SondeSQLite",
            [
                "SondeModel", "SondeStorage", "CZlib",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Sonde", dependencies: ["SondeModel", "SondeWire"] + libraryPackages, path: "House/Sonde",
            // What the traits of the root manifest define.
            swiftSettings: houseRules + [.define("OTLPExport"), .define("HTTPClient")]),
        room("SondeHummingbird", ["SondeModel", "SondeWire", "Sonde"] + libraryPackages + serverPackages),
        .target(name: "AllocationCount", path: "Benchmarks/AllocationCount", publicHeadersPath: "include"),
        .executableTarget(
            name: "Library",
            dependencies: ["Sonde", "SondeHummingbird", "SondeModel", "SondeWire", "AllocationCount"]
                + libraryPackages + serverPackages,
            path: "Benchmarks/Library",
            swiftSettings: houseRules
        ),
        .executableTarget(
            name: "LibraryLoad", dependencies: ["Sonde", "AllocationCount"] + libraryPackages,
            path: "Benchmarks/LibraryLoad",
            swiftSettings: houseRules
        ),
        .target(
            name: "BenchmarkCorpus", dependencies: ["SondeModel", "SondeWire"], path: "Benchmarks/Corpus",
            swiftSettings: houseRules),
        .executableTarget(
            name: "LoadSender",
            dependencies: [
                "BenchmarkCorpus", "SondeModel", "SondeWire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
            ],
            path: "Benchmarks/LoadSender",
            swiftSettings: houseRules
        ),
        .executableTarget(
            name: "Instructions",
            dependencies: [
                "BenchmarkCorpus", "SondeModel", "SondeWire", "SondeStorage", "SondePipeline", "SondeSQLite",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Benchmarks/Instructions",
            swiftSettings: houseRules
        ),
        .executableTarget(
            name: "Viewer",
            dependencies: ["BenchmarkCorpus", "SondeModel", "SondeStorage", "SondeTerminal", "SondeViewer"],
            path: "Benchmarks/Viewer",
            swiftSettings: houseRules
        ),
        .executableTarget(
            name: "Road",
            dependencies: [
                "BenchmarkCorpus", "SondeModel", "SondeWire", "SondeStorage", "SondeSQLite",
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Benchmarks/Road",
            swiftSettings: houseRules,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        ),
    ]
)
