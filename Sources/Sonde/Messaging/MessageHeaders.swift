// SPDX-License-Identifier: Apache-2.0
// Where a message keeps its headers, so that trace context can travel with it. Names are written in lower case and read
// without regard to case: brokers differ.

public import Tracing

/// The headers of a message of any broker.
///
/// Dictionaries of text conform; ``MessageHeaderList`` and ``MessageHeaderBytes`` wrap lists of pairs. A type of your own
/// conforms with two functions.
public protocol MessageHeaders: Sendable {
    /// The value of the header `name`, which is in lower case; nil if there is none. If there are several, the first.
    func header(_ name: String) -> String?
    /// Gives the header `name` one value, in place of those it had.
    mutating func setHeader(_ name: String, to value: String)
}

extension [String: String]: MessageHeaders {
    public func header(_ name: String) -> String? {
        self[name] ?? first { $0.key.isHeader(name) }?.value
    }

    public mutating func setHeader(_ name: String, to value: String) {
        for key in keys where key != name && key.isHeader(name) { removeValue(forKey: key) }
        self[name] = value
    }
}

/// Headers as a list of pairs, in order; a name may stand there more than once.
public struct MessageHeaderList: MessageHeaders {
    /// The headers, in order.
    public var pairs: [(name: String, value: String)]

    /// Headers as they came; none by default.
    public init(_ pairs: [(name: String, value: String)] = []) { self.pairs = pairs }

    public func header(_ name: String) -> String? { pairs.first { $0.name.isHeader(name) }?.value }

    public mutating func setHeader(_ name: String, to value: String) {
        pairs.removeAll { $0.name.isHeader(name) }
        pairs.append((name, value))
    }
}

/// Headers whose values are bytes, as Kafka has them. A value that is no UTF-8 is read with replacement characters, which
/// no propagator accepts.
public struct MessageHeaderBytes: MessageHeaders {
    /// The headers, in order.
    public var pairs: [(name: String, value: [UInt8])]

    /// Headers as they came; none by default.
    public init(_ pairs: [(name: String, value: [UInt8])] = []) { self.pairs = pairs }

    public func header(_ name: String) -> String? {
        pairs.first { $0.name.isHeader(name) }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    public mutating func setHeader(_ name: String, to value: String) {
        pairs.removeAll { $0.name.isHeader(name) }
        pairs.append((name, Array(value.utf8)))
    }
}

extension Instrument {
    /// Writes the current context, or the one given, into the headers of a message.
    ///
    /// ```swift
    /// telemetry.tracer.inject(into: &message.headers)
    /// ```
    public func inject(_ context: ServiceContext? = .current, into headers: inout some MessageHeaders) {
        inject(context ?? .topLevel, into: &headers, using: MessageHeaderCarrier())
    }

    /// The context that the sender of a message wrote into its headers; empty if it wrote none.
    public func context(of headers: some MessageHeaders) -> ServiceContext {
        var context = ServiceContext.topLevel
        extract(headers, into: &context, using: MessageHeaderCarrier())
        return context
    }
}

struct MessageHeaderCarrier<Headers: MessageHeaders>: Injector, Extractor {
    func extract(key: String, from headers: Headers) -> String? { headers.header(key.lowercased()) }

    func inject(_ value: String, forKey key: String, into headers: inout Headers) {
        headers.setHeader(key.lowercased(), to: value)
    }
}

extension String {
    /// Whether it is `name` in any case; `name` is in lower case. Header names are ASCII.
    fileprivate func isHeader(_ name: String) -> Bool {
        guard utf8.count == name.utf8.count else { return false }
        return zip(utf8, name.utf8).allSatisfy { ($0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0) == $1 }
    }
}
