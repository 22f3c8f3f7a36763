// SPDX-License-Identifier: Apache-2.0
// The table of settings of `sonde serve`: one row each. Flags, variables, keys of the file, `--help` and
// docs/configuration.md all come from it.

/// One thing that can be set.
struct Setting: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case address, folder, file, duration, durations, size, origin, count, keys
        case choice([String])
    }

    /// The flag without its dashes, from which the other names follow.
    let flag: String
    let kind: Kind
    /// What holds where nobody says anything; nil for nothing.
    let standard: String?
    let summary: String
    /// Why the default is what it is, or when to change it.
    let reason: String

    /// `SONDE_MAX_DISK`.
    var variable: String { "SONDE_" + flag.uppercased().replacing("-", with: "_") }

    /// `maxDisk`.
    var key: String {
        let words = flag.split(separator: "-").map(String.init)
        return words.dropFirst().reduce(words.first ?? "") { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }

    /// Stands for the value in help.
    var placeholder: String {
        switch kind {
        case .address: "address|off"
        case .folder: "folder"
        case .file: "file"
        case .duration: "duration|off"
        case .durations: "service=duration|off"
        case .size: "size"
        case .origin: "origin"
        case .count: "count"
        case .keys: "key,key"
        case .choice(let names): names.joined(separator: "|")
        }
    }

    /// What a value must look like, for errors.
    var expectation: String {
        switch kind {
        case .address: "HOST:PORT, http://HOST:PORT, a port on 127.0.0.1 (0 takes any free one), or off"
        case .folder: "the path of a folder"
        case .file: "the path of a file"
        case .duration: "a duration like 36h or 7d, or off"
        case .durations: "services with durations, like checkout=30d,health=6h or audit=off"
        case .size: "a size like 500MB, 10GB or 2GiB"
        case .origin: "an origin like https://grafana.example.org"
        case .count: "a whole number of at least 1"
        case .keys: "keys of attributes separated by commas, like http.request.method,service.version"
        case .choice(let names): names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        }
    }
}

extension Setting {
    static let otlpGRPC = Setting(
        flag: "otlp-grpc", kind: .address, standard: "127.0.0.1:4317", summary: "Take OTLP over gRPC here.",
        reason: "The port that SDKs and agents try first when they speak gRPC. Without TLS, as on loopback.")
    static let otlpHTTP = Setting(
        flag: "otlp-http", kind: .address, standard: "127.0.0.1:4318", summary: "Take OTLP over HTTP here.",
        reason: "The port that every OpenTelemetry SDK tries first. Loopback, because there is no login yet.")
    static let zipkin = Setting(
        flag: "zipkin", kind: .address, standard: "127.0.0.1:9411", summary: "Take Zipkin v2 spans here.",
        reason: "The port that Zipkin's reporters try first. Where a Zipkin server holds it, say off or another one.")
    static let query = Setting(
        flag: "query", kind: .address, standard: "127.0.0.1:16686", summary: "Answer queries here, and show /metrics.",
        reason: "The port on which tools expect a tracing backend to answer.")
    static let data = Setting(
        flag: "data", kind: .folder, standard: nil,
        summary: "Keep everything in this folder. (default: $XDG_DATA_HOME/sonde, else ~/.local/share/sonde)",
        reason:
            "Holds sonde.db, its -wal and -shm, and lock. One collector at a time. Created readable by its owner only.")
    static let keep = Setting(
        flag: "keep", kind: .duration, standard: "7d", summary: "Delete what arrived longer ago than this.",
        reason: "Counted from arrival, so that a wrong clock neither loses data nor keeps it forever.")
    static let keepService = Setting(
        flag: "keep-service", kind: .durations, standard: nil,
        summary: "Keep what this service sends for another time than --keep; may be given several times.",
        reason:
            "Longer for what is looked up late, shorter for what is loud. Several are separated by commas; in the "
            + "file they may be an object, {\"keepService\": {\"checkout\": \"30d\"}}. --max-disk holds for all.")
    static let maxDisk = Setting(
        flag: "max-disk", kind: .size, standard: "10GB",
        summary: "Delete the oldest when the data takes more than this.",
        reason: "About 250 million spans. The disk should have a little more free: the log beside the file counts too.")
    static let maxMemory = Setting(
        flag: "max-memory", kind: .size, standard: "128MB",
        summary: "Tell senders to wait before buffers take more than this.",
        reason: "Divided among bodies in flight, encoders and caches. At least 32MB.")
    static let durability = Setting(
        flag: "durability", kind: .choice(["full", "relaxed"]), standard: "full",
        summary: "What an acknowledgement promises: full survives a power cut, relaxed a crash of sonde.",
        reason: "full waits for the disk once per commit, which many senders share.")
    static let cors = Setting(
        flag: "cors", kind: .origin, standard: nil, summary: "Let pages of this origin read answers. (default: none)",
        reason: "Browsers ask; without it no page but our own may read what is stored here.")
    static let spanMetrics = Setting(
        flag: "span-metrics", kind: .choice(["on", "off"]), standard: "on",
        summary: "Count spans and calls between services, and show them on /metrics.",
        reason: "Rates, errors, durations and the service graph under the names that Grafana's dashboards look for.")
    static let spanMetricsDimensions = Setting(
        flag: "span-metrics-dimensions", kind: .keys, standard: nil,
        summary: "Attributes of spans or resources that become labels there; may be given several times.",
        reason:
            "Every value multiplies the series: methods and versions are good labels, users and ids are not. In the "
            + "span, else in its resource.")
    static let spanMetricsSeries = Setting(
        flag: "span-metrics-series", kind: .count, standard: "1000",
        summary: "Count spans past this many sets of labels in one series.",
        reason: "A set takes about 1 kB of memory and 3 kB of the page. The one series is otel_metric_overflow=true.")
    static let logLevel = Setting(
        flag: "log-level", kind: .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
        standard: "info", summary: "Log this and what is more important, on standard error.",
        reason: "info is a line per start, stop and fault, none per request.")
    static let logFormat = Setting(
        flag: "log-format", kind: .choice(["text", "json"]), standard: "text", summary: "How log lines look.",
        reason: "json is one object a line, for collectors of logs.")
    static let config = Setting(
        flag: "config", kind: .file, standard: nil,
        summary: "Read settings from this JSON file. (default: $XDG_CONFIG_HOME/sonde/config.json, if there is one)",
        reason: "Keys are the flags in camelCase: {\"maxDisk\": \"20GB\", \"otlpHttp\": \"0.0.0.0:4318\"}.")

    /// In the order of `--help`.
    static let all: [Setting] = [
        otlpHTTP, query, otlpGRPC, zipkin, data, keep, keepService, maxDisk, maxMemory, durability, cors, spanMetrics,
        spanMetricsDimensions, spanMetricsSeries, logLevel, logFormat, config,
    ]

    /// Those that the file may hold: all but its own path.
    static let ofFile: [Setting] = all.filter { $0 != config }
}
