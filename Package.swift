// swift-tools-version: 6.1
// The house of Sonde: rooms stand on floors, imports point down only. ARCHITECTURE.md draws it, ArrowTests checks it.

import PackageDescription

/// Imports at the top of a file tell the truth about what it uses; existentials are spelled out.
let houseRules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK = Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let grpc = Target.Dependency.product(
    name: "GRPCCore", package: "grpc-swift-2", condition: .when(traits: ["GRPC"]))
let grpcInProcess = Target.Dependency.product(
    name: "GRPCInProcessTransport", package: "grpc-swift-2", condition: .when(traits: ["GRPC"]))
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")

/// A room of the house.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: houseRules)
}

/// A program of the demo: it imports the public rooms only.
func demo(_ name: String, path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: [
            "Sonde", "SondeHummingbird", hummingbird, httpTypes, httpClient, arguments, nioCore, nioHTTP1, log,
            lifecycle, unixSignals,
        ]
            + dependencies,
        path: path,
        swiftSettings: houseRules
    )
}

/// The tests of one room, mirroring its sources. Golden files and fixtures are read from the source tree, not bundled.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], files: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.target(name: name), "SondeTestKit"] + (name == "SondeModel" ? [] : ["SondeModel"])
            + dependencies,
        exclude: files,
        swiftSettings: houseRules
    )
}

let package = Package(
    name: "sonde",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Sonde", targets: ["Sonde"]),
        .library(name: "SondeHummingbird", targets: ["SondeHummingbird"]),
        .library(name: "SondeGRDB", targets: ["SondeGRDB"]),
        .library(name: "SondeGRPC", targets: ["SondeGRPC"]),
        .library(name: "SondeTesting", targets: ["SondeTesting"]),
        .executable(name: "sonde", targets: ["SondeCLI"]),
    ],
    traits: [
        .trait(
            name: "OTLPExport", description: "Batching OTLP/HTTP exporter for spans and logs (brings AsyncHTTPClient)."),
        .trait(name: "HTTPClient", description: "Instrumented calls over AsyncHTTPClient."),
        .trait(name: "GRPC", description: "Interceptors for grpc-swift-2 in SondeGRPC (brings grpc-swift-2)."),
        .default(enabledTraits: ["OTLPExport", "HTTPClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Floor 1 to 3: nouns, bytes, doors.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        room("SondeModel", []),
        room("SondeWire", ["SondeModel", "CZlib"]),
        room("SondeAnalysis", ["SondeModel"]),
        room("SondeStorage", ["SondeModel"]),

        // Floor 4: the road, the store, the terminal, the library.
        room("SondePipeline", ["SondeModel", "SondeStorage", "SondeAnalysis"]),
        room("SondeTerminal", []),
        room("SondeSQLite", ["SondeModel", "SondeStorage", "CZlib", grdb, sqlite, log]),
        .target(
            name: "Sonde",
            dependencies: [
                "SondeModel", "SondeWire", log, metrics, coreMetrics, tracing, lifecycle, configuration,
                .product(
                    name: "AsyncHTTPClient", package: "async-http-client",
                    condition: .when(traits: ["OTLPExport", "HTTPClient"])),
                .product(
                    name: "NIOCore", package: "swift-nio", condition: .when(traits: ["OTLPExport", "HTTPClient"])),
                .product(
                    name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["OTLPExport", "HTTPClient"])),
                .product(
                    name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["OTLPExport", "HTTPClient"])),
            ],
            swiftSettings: houseRules
        ),

        // Floor 5: the surfaces.
        room(
            "SondeServer",
            [
                "SondeModel", "SondeWire", "SondePipeline", "SondeStorage", "SondeAnalysis", "Sonde",
                hummingbirdCore, nioCore, nioPosix, nioHTTP1, nioHTTP2, nioHPACK, log, metrics, coreMetrics, lifecycle,
            ]),
        room("SondeViewer", ["SondeModel", "SondeTerminal", "SondeStorage", "SondeAnalysis"]),
        room("SondeClient", ["SondeModel", "SondeStorage", "SondeWire", httpClient, nioCore, nioHTTP1]),
        room(
            "SondeHummingbird",
            [
                "SondeModel", "SondeWire", "Sonde", hummingbird, httpTypes, nioCore, log, metrics, coreMetrics, tracing,
            ]),
        room("SondeGRDB", ["Sonde", grdb, sqlite, coreMetrics, tracing]),
        // Empty without the trait GRPC.
        room("SondeGRPC", ["Sonde", grpc, coreMetrics, tracing]),
        room("SondeTesting", ["SondeModel", "SondeWire", "Sonde", log, coreMetrics, tracing]),

        // Floor 6: the executable.
        .executableTarget(
            name: "SondeCLI",
            dependencies: [
                "SondeModel", "SondeWire", "SondeAnalysis", "SondeStorage", "SondeSQLite", "SondePipeline",
                "SondeServer",
                "SondeClient", "SondeTerminal", "SondeViewer", "Sonde", arguments, configuration, log, lifecycle,
                unixSignals, coreMetrics,
            ],
            swiftSettings: houseRules
        ),

        // Beside the house: what is watched, and what tests share.
        demo("shop", path: "demo/Shop", ["SondeGRDB", grdb, metrics, tracing]),
        demo("sonde-w3c", path: "demo/W3C", [tracing]),
        .target(
            name: "SondeTestKit",
            dependencies: ["SondeModel", "SondeStorage"],
            path: "Tests/SondeTestKit",
            swiftSettings: houseRules
        ),
        // What tests of the library rooms look with.
        .target(
            name: "SondeSight", dependencies: ["Sonde", "SondeModel", "SondeWire"], path: "Tests/SondeSight",
            swiftSettings: houseRules),

        // Kills the store at seeded moments and looks at what is left: `make torture`, and a few kills in the tests.
        .executableTarget(
            name: "SondeTorture",
            dependencies: ["SondeModel", "SondeWire", "SondeStorage", "SondeSQLite", log],
            path: "Tests/SondeTorture",
            swiftSettings: houseRules
        ),

        // Draws in terminals that tests hold, and ends there in every way a program can end.
        .executableTarget(
            name: "SondeTerminalProbe",
            dependencies: ["SondeTerminal"],
            path: "Tests/SondeTerminalProbe",
            swiftSettings: houseRules
        ),

        tests("SondeModel", ["SondeWire"]),
        tests("SondeWire", ["SondeStorage"], files: ["Fixtures", "Golden", "Corpus"]),
        tests("SondeAnalysis", ["SondeWire"], files: ["Fixtures", "Golden"]),
        tests("SondeStorage", ["SondeWire"]),
        tests("SondePipeline", ["SondeAnalysis", "SondeStorage", "SondeWire"]),
        tests("SondeTerminal", ["SondeTerminalProbe"]),
        tests(
            "SondeSQLite", ["SondeStorage", "SondeWire", "SondeTorture", grdb, sqlite, "CZlib", log],
            files: ["Fixtures"]),
        tests(
            "Sonde",
            [
                "SondeWire", "SondeSight", log, metrics, coreMetrics, tracing, lifecycle, configuration, hummingbird,
                httpTypes,
                httpClient, nioCore, nioHTTP1,
            ]),
        tests(
            "SondeServer",
            [
                "SondeWire", "SondeStorage", "SondeSQLite", "SondePipeline", "Sonde", httpClient, nioCore, nioPosix,
                nioHTTP1, nioHTTP2, nioHPACK, nioEmbedded, log, coreMetrics, lifecycle,
            ], files: ["Query/Golden"]),
        tests(
            "SondeViewer", ["SondeTerminal", "SondeStorage", "SondeAnalysis", "SondeWire"],
            files: ["Golden", "Overview/Golden", "Trace/Golden", "Traces/Golden"]),
        tests(
            "SondeClient",
            [
                "SondeWire", "SondeStorage", "SondePipeline", "SondeServer", "SondeSQLite", "Sonde", log, lifecycle,
                nioCore, nioPosix, httpClient,
            ]),
        tests(
            "SondeHummingbird",
            [
                "SondeWire", "Sonde", "SondeGRDB", "SondeTesting", hummingbird, httpTypes, httpClient, nioCore,
                nioHTTP1, nioEmbedded, grdb, sqlite, log, metrics, tracing, lifecycle, unixSignals,
            ]),
        tests("SondeGRDB", ["SondeWire", "SondeSight", "Sonde", grdb, metrics, tracing]),
        tests("SondeGRPC", ["SondeWire", "SondeSight", "Sonde", grpc, grpcInProcess, metrics, tracing]),
        tests("SondeTesting", ["Sonde", log, metrics, tracing]),
        tests(
            "SondeCLI",
            [
                "SondeWire", "SondeStorage", "SondePipeline", "SondeSQLite", "SondeViewer", "SondeTerminal",
                "SondeServer", "Sonde",
                arguments, configuration, log,
            ], files: ["Golden"]),
        .testTarget(name: "HouseTests", dependencies: ["SondeTestKit"], swiftSettings: houseRules),
        // Stories told by the real binaries; they are built with the tests and driven from outside.
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "SondeCLI", "shop", "sonde-w3c", "SondeTorture", "SondeTerminalProbe", "SondeModel", "SondeWire",
                "SondeTestKit", "SondeStorage", "Sonde", "SondeHummingbird", httpClient, httpTypes, hummingbird,
                lifecycle,
                log, coreMetrics, tracing, nioCore, nioHTTP1,
            ],
            exclude: ["Python"],
            swiftSettings: houseRules
        ),
    ]
)

// The library and its tests alone, for runs that build everything anew with other settings (`make races`).
if Context.environment["SONDE_ONLY"] == "library" {
    let library: Set<String> = [
        "CZlib", "SondeModel", "SondeWire", "SondeStorage", "SondeTestKit", "SondeSight", "Sonde", "SondeTests",
        "SondeTesting",
        "SondeTestingTests", "SondeHummingbird", "SondeHummingbirdTests", "SondeGRDB", "SondeGRDBTests", "SondeGRPC",
        "SondeGRPCTests",
    ]
    package.targets.removeAll { !library.contains($0.name) }
    package.products = []
    if Context.environment["SONDE_SANITIZER"] == "thread" {
        package.targets.append(.target(name: "SanitizedMutex", path: "Tests/SanitizedMutex"))
        for target in package.targets where target.type == .test {
            target.dependencies.append("SanitizedMutex")
        }
    }
}
