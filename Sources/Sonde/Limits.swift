// SPDX-License-Identifier: Apache-2.0
// Every number that bounds the library, with its unit and its reason. What can be configured starts from here.

enum Limits {
    // MARK: Metrics

    /// Series in one metric family. Past it measurements go to one series labelled `otel_metric_overflow="true"`, as
    /// OpenTelemetry's cardinality limit (default 2000) says: a label with ids in it must not eat the service's memory.
    static let seriesPerFamily = 2_000
    /// Metric families. A service has hundreds; a name built from user input would have millions.
    static let families = 10_000
    /// Upper bounds of a histogram's buckets, seconds for timers: the stable HTTP conventions' advice.
    static let bucketBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
    /// The same for database operations, as the conventions for databases advise.
    static let statementBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
    /// Memory for copies of numbers that several threads write at once, bytes in the process. A counter's eight copies
    /// take 512, a histogram's 1 to 2 thousand: enough for the few thousand series that are ever that hot.
    static let stripeBytes = 8 << 20
    /// Ways in which a service's code names metrics: a label with names of dimensions. As many as there may be families,
    /// and as many again for those that are named in several places.
    static let metricShapes = 20_000
    /// Buckets of a native histogram on each side of zero, OpenTelemetry's default: 1.3 KB, and 4 % wide where values
    /// differ by a factor of five hundred.
    static let exponentialBuckets = 160
    /// Whole numbers from which on a measurement is added to a sum as Double: 2^40, so that millions of them fit an Int64.
    static let wholeMeasurement: UInt64 = 1 << 40
    /// Nanoseconds from which on a time is added to a sum of seconds as Double: 104 days. Longer ones are mistakes,
    /// and two of the longest would make an Int64 negative.
    static let wholeNanoseconds: Int64 = 1 << 53
    /// A whole sum of measurements this far from zero goes on as Double: 18 years of nanoseconds. What nine copies of it come
    /// to still fits an Int64.
    static let wholeSum: UInt64 = 1 << 59
    /// Series of a metric that were destroyed and are kept until the next scrape: below that, counting them out of a list
    /// costs more than they do. More are kept only while they are fewer than those that live.
    static let forgottenSeries = 64
    /// Measurements outside of sampled spans until the next one is looked at again, while an exemplar is wanted. Looking
    /// costs about 50 ns, of which a sixteenth is less than the measurement itself.
    static let exemplarPatience: UInt32 = 16

    /// Timers that an instrumentation keeps by their labels (methods, hosts, statuses: few). Beyond this they are looked
    /// up in the registry, whose own limit then holds.
    static let keptTimers = 4_096

    /// Event loops whose lag is measured: one timer a second each. Machines have fewer cores.
    static let watchedEventLoops = 256
    /// Buckets of their lag, seconds: below a millisecond is what a loop takes anyway, beyond a tenth requests suffer.
    static let eventLoopLagBounds = [0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]

    // MARK: Spans

    /// First memory of a span that is being encoded: an ordinary span with a dozen attributes has half of it.
    static let scratchBytes = 1_024
    /// Such memory that is kept for the next span, and the largest that is: 64 KiB together for ordinary spans.
    static let pooledScratches = 64
    static let pooledScratchBytes = 64 << 10
    /// Places of the pool that are looked at. More spans open at a time in one thread are rare, and cost an allocation.
    static let scratchProbes = 8
    /// Attributes of a lean span among which a key set twice is found: OpenTelemetry's default limit.
    static let scratchAttributes = 128
    /// Attributes that a span makes room for with its first one: as many as a dictionary of eight buckets holds.
    static let expectedAttributes = 6
    /// Times that a reader of attributes lets other threads run while one of them changes these: some microseconds.
    static let lentAttributesYields = 200
    /// Open spans that are watched, in each of two tables. Each costs a reference.
    static let openSpansPerStripe = 8_192
    /// Tables of open lean spans, a power of two: these begin and end millions of times a second, and threads should not
    /// wait for each other. Together as many spans as above, each some 150 bytes of what it began with.
    static let openLeanStripes = 8
    /// Bytes of memory for a beginning that are kept for the next span; a name of kilobytes is given back at its end.
    static let keptBeginningBytes = 512
    static let openLeanSpansPerStripe = 2_048

    /// Attributes, events and links of one span, and attributes of one event or link (OpenTelemetry's defaults). What
    /// exceeds them is dropped and counted in the span's `dropped_…_count`.
    static let spanAttributes = 128
    static let spanEvents = 128
    static let spanLinks = 128

    /// Nanoseconds between two looks through all held traces for those that have waited too long.
    static let tailSweepNanoseconds: UInt64 = 1_000_000_000

    // MARK: Export

    /// Encoded bytes waiting to be sent, of each signal: 50 000 ordinary spans, a second of a very busy service. A count
    /// (OTEL_BSP_MAX_QUEUE_SIZE's 2048) is a bound of nothing: entries may have 100 bytes or 100 KB.
    static let queuedBytes = 16 << 20
    /// Entries of one request. OTEL_BSP_MAX_EXPORT_BATCH_SIZE's default of 512 is a request every 10 ms at 50 000 spans/s.
    static let batchEntries = 4_096
    /// Encoded bytes of one request; collectors commonly refuse more than 4 MiB.
    static let batchBytes = 1 << 20
    /// Bytes of an answer that are read. Partial success is a number and a sentence.
    static let responseBytes = 64 << 10
    /// First wait before a batch is sent again, the longest one, and how long one batch is tried, seconds.
    static let retryInitialSeconds = 1.0
    static let retryMaximumSeconds = 10.0
    static let retryElapsedSeconds = 60.0
    /// A `Retry-After` beyond this (seconds) is cut: what is queued meanwhile would be lost anyway.
    static let retryAfterSeconds = 60.0
    /// How long a cancelled request, and then the client's shutdown, are waited for once the time to stop is over.
    static let stopGrace = Duration.milliseconds(40)
    /// At most one warning about failed exports in this many seconds, per signal.
    static let exportWarningSeconds = 30.0

    // MARK: Logs

    /// Levels of nested metadata that are written, and what stands for what is below.
    static let metadataDepth = 16
    static let metadataBelow = "…"
    /// Fields of a line that are put in order on the stack: 32 places are less than the kilobyte that the standard
    /// library gives. More fields cost one allocation.
    static let logFieldsOnStack = 32
    /// Facts of a line that an instrumentation writes; a request's line has seven at most.
    static let logFacts = 12
    /// Lines that may be encoded at once without allocating; more threads than cores rarely log in the same microsecond.
    static let logScratchPlaces = 8
    /// Bytes kept for encoding one line, and the most that is kept after a line that needed more.
    static let logScratchBytes = 4 << 10
    static let logScratchKeptBytes = 64 << 10
    /// Bytes of lines that wait for a slow reader or disk: some 4 000 lines, a second of a busy service.
    static let logBufferBytes = 1 << 20
    /// Milliseconds in which lines gather before they are written with one call. What a crash may cost, and what it costs
    /// to be early: at 2 ms a writer wakes 500 times a second at most.
    static let logLingerMilliseconds = 2
    /// Such times without a line before the writer sleeps for good. Waking it costs the next line 7 µs (measured).
    static let logEmptyRounds = 10
    /// A line that comes this long after another (nanoseconds) is a lone one, and is written at once where that needs no
    /// waiting (1 µs); this many that come closer still are, then they gather.
    static let logQuietNanoseconds: UInt64 = 1_000_000
    static let logDirectBurst = 8
    /// Milliseconds a critical line may hold its caller until it is written.
    static let logLastWaitMilliseconds = 100
    /// Milliseconds without progress after which a non-blocking reader is given up, with the lines in hand.
    static let logStuckMilliseconds: Int32 = 1_000
    /// Milliseconds that a program which exits, or a telemetry that stops, waits for its last lines.
    static let logExitMilliseconds = 500
    /// Different lines whose repetition is watched. Past it, two lines that fall on one place end each other's counting.
    static let watchedLines = 1_024

    // MARK: Start

    /// Bytes of a configuration file that are read. A file with every key is 5 KB.
    static let configurationFileBytes = 1 << 20
    /// Bytes of a file in which the system tells something: /proc/self/mountinfo of a busy node has 200 KB.
    static let systemFileBytes = 1 << 20
}
