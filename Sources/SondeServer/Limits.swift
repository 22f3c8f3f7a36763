// SPDX-License-Identifier: Apache-2.0
// The bounds of the collector's listeners: what one request may cost, and how long one peer may keep us waiting.

import NIOCore
import SondePipeline

/// What a listener allows.
package struct ServerLimits: Hashable, Sendable {
    /// Bytes of one ingest body, as received and again after inflation. 16 MiB holds 35 000 spans of usual size, far more
    /// than any SDK sends at once; raise it together with ``inFlightBytes``, of which it must stay a fraction.
    package var maxBodyBytes = 16 * 1024 * 1024

    /// The largest value that ``maxBodyBytes`` may be given: what the OTLP specification recommends as a default limit.
    package static let maxBodyBytesCeiling = 64 * 1024 * 1024

    /// Bytes of all ingest bodies in memory at once, received and inflated together.
    package var inFlightBytes = PipelineLimits.inFlightBytes

    /// From the end of a request's head to the end of its body. Sixteen MiB in this time is 4.5 Mbit/s; a slower sender
    /// is taken for one that drips on purpose.
    package var requestDeadline = Duration.seconds(30)

    /// Without a complete request head, since the connection was opened or the last answer was sent. SDKs export every
    /// 5 s, so that their connections live on; slow headers end here too.
    package var idleTimeout = Duration.seconds(60)

    /// For a peer to take an answer off our hands.
    package var answerDeadline = Duration.seconds(30)

    /// After an early refusal what still arrives is read and thrown away, so that the peer sees the answer instead of a
    /// reset: this much of it …
    package var lingerBytes = 1024 * 1024
    /// … and for this long.
    package var lingerTime = Duration.seconds(1)

    /// A refused body declared no longer than this is read to its end, and the connection lives on: cheaper for both
    /// sides than a new connection.
    package var drainBytes = 64 * 1024

    /// Bytes of a body that are read in one step, if the sender is quick enough to have sent them.
    package static let readAheadBytes = 256 * 1024

    /// Bytes of a body for which room is taken when it is announced; beyond, as it arrives, the room doubles. So whoever
    /// announces much and sends nothing holds this much, and a body of usual size needs one reservation and one piece of
    /// memory.
    package static let firstBodyBytes = 256 * 1024

    /// Bytes of the largest body, inflated, that is decoded on its connection's event loop: a millisecond or two of
    /// protobuf. Larger ones are decoded where they keep no other connection waiting.
    package static let quickBodyBytes = 512 * 1024

    /// The same for JSON, which takes ten times as long to read.
    package static let quickTextBytes = 64 * 1024

    /// Bytes that may wait to be decoded on one connection: a head that is not complete, and whatever was read behind a
    /// request that ends the connection. A few reads; nobody reads on while an answer is being made.
    package static let undecodedBytes = 1024 * 1024

    /// Bytes of body that a question may carry; its body is not looked at.
    package static let questionBodyBytes = 64 * 1024

    /// Bytes of a document that is to be shown in another form, without being stored: a large trace. The form it is shown in
    /// is some times as long.
    package static let documentBytes = 4 * 1024 * 1024

    /// Bytes after which a list of whole traces takes no further one; the asker is told. Viewers hold all of it in memory.
    package static let traceListBytes = 16 * 1024 * 1024

    /// Bytes of one trace in a form that repeats the resource in each span: 100 000 spans of usual size.
    package static let largestTraceBytes = 64 * 1024 * 1024

    /// Lists of whole traces that are made at once: each grows to ``traceListBytes`` and a trace before anyone counts it as
    /// an answer, and two cores make no more of them sooner. Further ones wait, in the time that their question has.
    package static let traceListsAtOnce = 2

    /// Questions under way at once. A dashboard asks ten; each may hold some decoded blocks, and two cores answer no more
    /// of them sooner.
    package var maxQuestions = 32

    /// For an answer to be found. Usual questions take milliseconds; viewers give up after 10 to 30 s, and an answer that
    /// nobody waits for only keeps others waiting.
    package var questionTime = Duration.seconds(30)

    /// Bytes of all answers that wait for their readers.
    package var answerBytes = 32 * 1024 * 1024
    /// Up to here an answer is not counted: 2048 connections with one each are 16 MB.
    package static let smallAnswerBytes = 8 * 1024

    /// For the store's numbers on the metrics page; without them the page still tells of everything else.
    package static let statisticsTime = Duration.seconds(2)

    /// All header fields of a request together, and each one. Proxies and browsers stay below 8 KiB.
    package var maxHeaderBytes = 16 * 1024
    package var maxHeaderCount = 100

    /// Connections open at once on one listener; more wait in the backlog of the socket. Each costs a file descriptor
    /// and about 10 kB. Running out of descriptors would close the listener, so there are fewer where the process may
    /// not open as many for each listener and ``reservedDescriptors`` beside.
    package var maxConnections = 2048

    // MARK: gRPC

    /// Bytes that one stream, and one connection, may send before we grant more: a usual body goes through in one piece,
    /// and no window update is ever due for it. What arrives is copied into its body at once or thrown away, so this is
    /// not memory; ``inFlightBytes`` is.
    package static let grpcWindowBytes = 8 * 1024 * 1024

    /// Bytes of the largest frame we take: a usual body in one. Frames that are not data are held until they are whole,
    /// those of unknown types included, so this is also what a connection may hold before it has asked for anything.
    package static let grpcFrameBytes = 256 * 1024

    /// Calls under way at once on one connection. SDKs have one for each signal; agents that forward for many, tens.
    package var grpcStreams = 128

    /// PING, SETTINGS and PRIORITY frames in a second on one connection. Go's client sends a PING with every answer it
    /// reads to measure the line, so this also bounds the calls of such a client.
    package static let grpcControlFrames = 1000

    /// Resets, and likewise errors of single streams, in 30 seconds on one connection. A client cancels a call when its
    /// time is up; one that does so all the time wants to wear us out (CVE-2023-44487).
    package static let grpcResets = 200

    /// Without a call on a gRPC connection that has had one; before the first it is ``idleTimeout``. Metric exporters send once a minute; what is silent for five has gone, so
    /// that no keepalive of ours is needed.
    package var grpcIdleTimeout = Duration.seconds(300)

    /// The age at which a gRPC connection is asked to make way for a new one, so that clients find a collector that has
    /// moved. Calls under way are answered.
    package var grpcConnectionAge = Duration.seconds(3600)

    /// For a client to hear that its connection ends.
    package static let grpcFarewellTime = Duration.seconds(1)

    /// Bytes of a message about a failed call; clients take 8 KiB of trailers, some of them 4.
    package static let grpcMessageBytes = 1024

    /// Descriptors left for the store's files and everything else.
    package static let reservedDescriptors = 128

    package init() {}
}

extension Duration {
    /// The same time as SwiftNIO counts it; what is longer than 292 years ends there, since a peer may name any time.
    var timeAmount: TimeAmount {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return .nanoseconds(overflow || carry ? (seconds < 0 ? .min : .max) : sum)
    }

    /// Whole seconds, rounded up and at least one, as `Retry-After` wants them.
    var retryAfterSeconds: Int64 {
        let (seconds, attoseconds) = components
        return max(1, attoseconds > 0 ? seconds + 1 : seconds)
    }

    var secondsAsDouble: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
