// SPDX-License-Identifier: Apache-2.0
// What Zipkin's server tells about itself, for its user interface and for probes that were made for it.
//
// https://github.com/openzipkin/zipkin/tree/master/zipkin-server#endpoints

import NIOCore
import NIOHTTP1
import SondeWire
import Synchronization

/// What became of the lists of spans that reporters have sent.
final class ZipkinTally: Sendable {
    private let messages = Atomic(0)
    private let droppedMessages = Atomic(0)
    private let bytes = Atomic(0)
    private let spans = Atomic(0)
    private let droppedSpans = Atomic(0)

    /// Counts a list; one that can't be read is dropped whole.
    func add(bytes size: Int, spans count: Int, dropped: Int, isDropped: Bool) {
        messages.add(1, ordering: .relaxed)
        if isDropped { droppedMessages.add(1, ordering: .relaxed) }
        bytes.add(size, ordering: .relaxed)
        spans.add(count + dropped, ordering: .relaxed)
        droppedSpans.add(dropped, ordering: .relaxed)
    }

    /// In the order and by the names of Zipkin.
    fileprivate var counts: [(name: String, value: Int)] {
        [
            ("messages", messages.load(ordering: .relaxed)),
            ("messages_dropped", droppedMessages.load(ordering: .relaxed)),
            ("bytes", bytes.load(ordering: .relaxed)), ("spans", spans.load(ordering: .relaxed)),
            ("spans_dropped", droppedSpans.load(ordering: .relaxed)),
        ]
    }
}

struct ZipkinPages: Sendable {
    let tally: ZipkinTally
    let readiness: Readiness

    /// The pages of the listener of their own.
    var routes: [Route] {
        [
            page("/health") { health },
            page("/info") { .json(Array(#"{"zipkin":{"version":"2","server":"sonde"}}"#.utf8)) },
            page("/metrics") { metrics },
        ] + config(under: "")
    }

    /// What the user interface reads before anything else.
    func config(under prefix: String) -> [Route] { [page(prefix + "/config.json") { .json(Self.configuration) }] }

    private func page(_ pattern: String, answer: @escaping @Sendable () -> Reply) -> Route {
        Route(.GET, pattern, dialect: .text, intake: .probe) { _ in answer() }
    }

    private var health: Reply {
        let isUp = readiness.state == .ready
        let word = isUp ? "UP" : "DOWN"
        let store = #"{"Sonde":{"status":"\#(word)"}}"#
        return .json(
            Array(#"{"status":"\#(word)","zipkin":{"status":"\#(word)","details":\#(store)}}"#.utf8),
            status: isUp ? .ok : .serviceUnavailable)
    }

    private var metrics: Reply {
        var json = JSONWriter()
        json.beginObject()
        for (name, value) in tally.counts {
            json.key("counter.zipkin_collector.\(name).http")
            json.int(value)
        }
        json.endObject()
        return .json(json.bytes)
    }

    /// Zipkin's own defaults, with a look-back of 15 minutes.
    private static let configuration = Array(
        (#"{"environment":"","queryLimit":10,"defaultLookback":900000,"searchEnabled":true,"logsUrl":null,"#
            + #""supportUrl":null,"archivePostUrl":null,"archiveUrl":null,"#
            + #""dependency":{"enabled":true,"lowErrorRate":0.5,"highErrorRate":0.75}}"#).utf8)
}
