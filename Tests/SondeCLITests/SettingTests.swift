// SPDX-License-Identifier: Apache-2.0
// Where settings come from and what they may be.

import Foundation
import Logging
import SondePipeline
import SondeServer
import Testing

@testable import SondeCLI

@Suite("Settings")
struct SettingTests {
    @Test(arguments: [
        ("max-disk", "banana", "--max-disk banana", "a size"), ("keep", "soon", "--keep soon", "a duration"),
        ("keep", "0s", "--keep 0s", "a duration"), ("query", "localhost", "--query localhost", "HOST:PORT"),
        ("otlp-http", "https://0.0.0.0:1", "--otlp-http https://0.0.0.0:1", "HOST:PORT"),
        ("durability", "none", "--durability none", "full or relaxed"),
        ("cors", "grafana", "--cors grafana", "an origin"),
        ("log-level", "loud", "--log-level loud", "info"), ("max-memory", "1MB", "--max-memory 1MB", "32MB"),
        ("max-disk", "5", "--max-disk 5", "10MB"),
        ("span-metrics-series", "0", "--span-metrics-series 0", "at least 1"),
        ("span-metrics-dimensions", "a,,b", "--span-metrics-dimensions a,,b", "separated by commas"),
        ("span-metrics-dimensions", "a.b,a_b", "second label a_b", "once"),
        ("span-metrics-dimensions", "service", "second label service", "span_name"), ("data", "", "--data", "a folder"),
    ])
    func aBadFlagIsNamedWithWhatWasExpected(flag: String, value: String, named: String, expected: String) throws {
        let error = #expect(throws: SettingError.self) { try Self.settings(flags: [flag: value]) }
        #expect(error?.message.contains(named) == true)
        #expect(error?.advice?.contains(expected) == true)
    }

    @Test(arguments: [
        ("otlp-grpc", "127.0.0.1"), ("otlp-grpc", "https://127.0.0.1:4317"), ("otlp-grpc", "unix:/run/sonde"),
        ("otlp-grpc", ":"), ("otlp-grpc", ""), ("zipkin", "99999"), ("zipkin", "9411x"), ("zipkin", "[::1"),
        ("zipkin", "grpc://127.0.0.1:9411"), ("zipkin", "yes"),
    ])
    func anAddressThatCannotBeIsRefusedWhereverItStands(flag: String, value: String) throws {
        let setting = try #require(Setting.all.first { $0.flag == flag })
        let expected = "Expected HOST:PORT, http://HOST:PORT, a port on 127.0.0.1 (0 takes any free one), or off."
        let named = #expect(throws: SettingError.self) { try Self.settings(flags: [flag: value]) }
        #expect(named == SettingError(message: "cannot read --\(flag) \(value)", advice: expected))
        let scratch = try Scratch()
        let file = try Self.file("{\"\(setting.key)\": \"\(value)\"}", scratch)
        let kept = #expect(throws: SettingError.self) { try Self.settings(flags: ["config": file]) }
        #expect(kept == SettingError(message: "cannot read \(setting.key) in \(file) \(value)", advice: expected))
        // An empty variable is none.
        guard !value.isEmpty else { return }
        let variable = #expect(throws: SettingError.self) { try Self.settings(environment: [setting.variable: value]) }
        #expect(variable == SettingError(message: "cannot read \(setting.variable) \(value)", advice: expected))
    }

    @Test func twoListenersAtOneAddressAreRefused() throws {
        let error = #expect(throws: SettingError.self) {
            try Self.settings(flags: ["otlp-grpc": "5001"], environment: ["SONDE_OTLP_HTTP": "http://127.0.0.1:5001"])
        }
        #expect(error?.message == "--otlp-http and --otlp-grpc name the same address, 127.0.0.1:5001")
        #expect(error?.advice?.contains("--otlp-grpc off") == true)
        let free = try Self.settings(flags: ["otlp-grpc": "0", "otlp-http": "0", "zipkin": "0", "query": "off"])
        #expect(free.listeners.count == 3)
    }

    @Test(arguments: [
        ("checkout", "--keep-service checkout"), ("=30d", "--keep-service =30d"), ("a=", "--keep-service a="),
        ("a=30x", "--keep-service a=30x"), ("a=0s", "--keep-service a=0s"), ("a=-1d", "--keep-service a=-1d"),
        ("a=1d,b", "b in --keep-service a=1d,b"), ("a=1d,,b=2d", "an empty part in --keep-service a=1d,,b=2d"),
        ("", "--keep-service "),
    ])
    func aBadTimeOfAServiceIsNamed(value: String, named: String) throws {
        let error = #expect(throws: SettingError.self) { try Self.settings(flags: ["keep-service": value]) }
        #expect(error?.message == "cannot read " + named)
        #expect(error?.advice == "Expected services with durations, like checkout=30d,health=6h or audit=off.")
    }

    @Test func aServiceHasOneTime() {
        let error = #expect(throws: SettingError.self) { try Self.settings(flags: ["keep-service": "a=1d,b=2d,a=3d"]) }
        #expect(error?.message == "--keep-service a=1d,b=2d,a=3d names a twice")
    }

    @Test func timesOfServicesComeFromFlagVariableAndFile() throws {
        let expected: [String: Duration?] = [
            "checkout": .seconds(30 * 86_400), "health": .seconds(6 * 3600), "audit": Duration?.none,
            "a=b": .seconds(60),
        ]
        let text = "checkout=30d, health = 6h,audit=off,a=b=1m"
        #expect(try Self.settings(flags: ["keep-service": text]).keepByService == expected)
        #expect(try Self.settings(environment: ["SONDE_KEEP_SERVICE": text]).keepByService == expected)
        let scratch = try Scratch()
        for file in [
            #"{"keepService": "\#(text)"}"#,
            #"{"keepService": {"checkout": "30d", "health": "6h", "audit": "off", "a=b": "1m"}}"#,
        ] {
            let path = try Self.file(file, scratch)
            #expect(try Self.settings(flags: ["config": path]).keepByService == expected)
        }
        let none = try Self.file(#"{"keepService": {}}"#, scratch)
        #expect(try Self.settings(flags: ["config": none]).keepByService == [:])
        let wrong = try Self.file(#"{"keep": {"checkout": "30d"}}"#, scratch)
        let error = #expect(throws: SettingError.self) { try Self.settings(flags: ["config": wrong]) }
        #expect(error?.message == "cannot read the settings file \(wrong): keep must be a string or a number")
    }

    @Test func aBadVariableIsNamed() {
        let error = #expect(throws: SettingError.self) {
            try Self.settings(environment: ["SONDE_MAX_DISK": "banana"])
        }
        #expect(error?.message == "cannot read SONDE_MAX_DISK banana")
    }

    @Test func aBadKeyIsNamedWithItsFile() throws {
        let scratch = try Scratch()
        let file = try Self.file(#"{"maxDisk": "banana"}"#, scratch)
        let error = #expect(throws: SettingError.self) { try Self.settings(flags: ["config": file]) }
        #expect(error?.message == "cannot read maxDisk in \(file) banana")
    }

    @Test(arguments: [
        ("maxDsik", "maxDisk"), ("otlphttp", "otlpHttp"), ("max_memory", "maxMemory"), ("retention", "query"),
    ])
    func anUnknownKeyIsAnErrorThatNamesTheNearest(key: String, nearest: String) throws {
        let scratch = try Scratch()
        let file = try Self.file(#"{"\#(key)": "1"}"#, scratch)
        let error = #expect(throws: SettingError.self) { try Self.settings(flags: ["config": file]) }
        #expect(error?.message == "the settings file \(file) has the unknown key \(key)")
        if key != "retention" { #expect(error?.advice?.hasPrefix("Did you mean \(nearest)?") == true) }
    }

    @Test(arguments: ["", "{", "[]", "\"x\"", "{\"keep\": {}}", "{\"keep\": true}", "{\"keep\": \"7d\""])
    func aBrokenFileIsNamed(text: String) throws {
        let scratch = try Scratch()
        let file = try Self.file(text, scratch)
        let error = #expect(throws: SettingError.self) { try Self.settings(flags: ["config": file]) }
        #expect(error?.message.hasPrefix("cannot read the settings file \(file): ") == true)
    }

    @Test func aFileThatIsNamedMustBeThere() {
        for settings in [
            (["config": "/nowhere.json"], [:], "--config"), ([:], ["SONDE_CONFIG": "/nowhere.json"], "SONDE_CONFIG"),
        ]
            as [([String: String], [String: String], String)]
        {
            let error = #expect(throws: SettingError.self) {
                try Self.settings(flags: settings.0, environment: settings.1)
            }
            #expect(
                error?.message == "cannot read the settings file \(settings.2) /nowhere.json: there is no such file")
        }
    }

    @Test func aFlagBeatsTheVariableBeatsTheFileBeatsTheDefault() throws {
        let scratch = try Scratch()
        let file = try Self.file(#"{"maxDisk": "3GB", "keep": "3d", "maxMemory": 64000000, "cors": null}"#, scratch)
        let variables = ["SONDE_CONFIG": file, "SONDE_MAX_DISK": "2GB", "SONDE_KEEP": "2d", "SONDE_DURABILITY": ""]
        let settings = try Self.settings(flags: ["max-disk": "1GB"], environment: variables)
        #expect(settings.maxDiskBytes == 1_000_000_000)
        #expect(settings.keep == .seconds(2 * 86_400))
        #expect(settings.maxMemoryBytes == 64_000_000)
        #expect(!settings.isRelaxed)
        #expect(settings.corsOrigin == nil)
    }

    @Test func theUsualFileIsReadWhereThereIsOne() throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.file("sonde"), withIntermediateDirectories: true)
        try Data(#"{"otlpHttp": 5000, "otlpGrpc": "off", "zipkin": "off", "query": "off"}"#.utf8).write(
            to: URL(filePath: scratch.file("sonde/config.json")))
        let settings = try Self.settings(environment: ["XDG_CONFIG_HOME": scratch.path])
        #expect(settings.listeners == [.otlpHTTP: .loopback(5000)])
    }

    @Test func defaultsAreTheTables() throws {
        let settings = try Self.settings(environment: ["HOME": "/home/ada"])
        #expect(
            settings.listeners == [
                .otlpGRPC: .loopback(4317), .otlpHTTP: .loopback(4318), .query: .loopback(16686),
                .zipkin: .loopback(9411),
            ])
        #expect(settings.dataFolder == "/home/ada/.local/share/sonde")
        #expect(settings.keep == .seconds(7 * 86_400))
        #expect(settings.maxDiskBytes == 10_000_000_000)
        #expect(settings.maxMemoryBytes == 128_000_000)
        #expect(!settings.isRelaxed)
        #expect(settings.spanMetrics == SpanMetricsConfiguration())
        #expect(settings.logLevel == .info)
        #expect(settings.logFormat == .text)
        #expect(try Self.settings(flags: ["span-metrics": "off"]).spanMetrics == nil)
        #expect(try Self.settings(environment: ["XDG_DATA_HOME": "/data"]).dataFolder == "/data/sonde")
        #expect(try Self.settings(flags: ["keep": "off"]).keep == nil)
    }

    @Test func everySettingMayComeFromTheEnvironment() throws {
        let settings = try Self.settings(environment: [
            "SONDE_OTLP_HTTP": "http://0.0.0.0:1", "SONDE_QUERY": ":2", "SONDE_OTLP_GRPC": "[::1]:3",
            "SONDE_ZIPKIN": "4",
            "SONDE_DATA": "/x", "SONDE_KEEP": "1h", "SONDE_MAX_DISK": "1TB", "SONDE_MAX_MEMORY": "1GiB",
            "SONDE_DURABILITY": "relaxed", "SONDE_CORS": "https://a.example", "SONDE_LOG_LEVEL": "DEBUG",
            "SONDE_LOG_FORMAT": "json", "SONDE_SPAN_METRICS_DIMENSIONS": "http.request.method, service.version",
            "SONDE_SPAN_METRICS_SERIES": "50", "SONDE_SPAN_METRICS": "on",
        ])
        #expect(
            settings.listeners == [
                .otlpHTTP: ListenerAddress(host: "0.0.0.0", port: 1), .query: .loopback(2),
                .otlpGRPC: ListenerAddress(host: "::1", port: 3), .zipkin: .loopback(4),
            ])
        #expect(settings.dataFolder == "/x")
        #expect(settings.keep == .seconds(3600))
        #expect(settings.maxMemoryBytes == 1 << 30)
        #expect(settings.isRelaxed)
        #expect(settings.corsOrigin == "https://a.example")
        #expect(settings.spanMetrics?.dimensions == ["http.request.method", "service.version"])
        #expect(settings.spanMetrics?.maxSeries == 50)
        #expect(settings.logLevel == .debug)
        #expect(settings.logFormat == .json)
    }

    @Test func namesFollowFromTheFlag() {
        #expect(Setting.maxDisk.variable == "SONDE_MAX_DISK")
        #expect(Setting.maxDisk.key == "maxDisk")
        #expect(Setting.otlpHTTP.variable == "SONDE_OTLP_HTTP")
        #expect(Setting.otlpHTTP.key == "otlpHttp")
        #expect(Setting.data.key == "data")
    }

    @Test func unknownVariablesAreToldApart() throws {
        let sources = try SettingSources(
            flags: [:], environment: ["SONDE_MAX_DSIK": "1", "SONDE_URL": "x", "SONDE_KEEP": "1d", "OTHER": "y"])
        #expect(sources.unknownVariables == ["SONDE_MAX_DSIK"])
    }

    @Test(
        arguments: [
            ("0", 0), ("4096", 4096), ("10GB", 10_000_000_000), ("128 MB", 128_000_000), ("1.5kB", 1500),
            ("2GiB", 2 << 30),
            ("1k", 1000), ("3T", 3_000_000_000_000), ("7b", 7), ("", nil), ("GB", nil), ("-1", nil), ("1XB", nil),
            ("1..5MB", nil),
            ("99999999999TB", nil), ("10GB extra", nil), ("0x10", nil), ("1e3", nil),
        ] as [(String, Int?)])
    func readsSizes(text: String, bytes: Int?) {
        #expect(SizeText.parse(text) == bytes)
    }

    static func settings(flags: [String: String] = [:], environment: [String: String] = [:]) throws -> ServeSettings {
        let environment = ["HOME": "/home/nobody"].merging(environment) { $1 }
        return try ServeSettings(SettingSources(flags: flags, environment: environment), environment: environment)
    }

    private static func file(_ text: String, _ scratch: Scratch) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: scratch.file("config.json")))
        return scratch.file("config.json")
    }
}
