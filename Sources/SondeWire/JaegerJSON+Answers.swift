// SPDX-License-Identifier: Apache-2.0
// Answers of Jaeger's first query API that are neither names nor traces: who called whom, and what is drawn over time.
//
//   dependencies  {"data": [{"parent", "child", "callCount"}], …}
//   metrics       {"name", "type": "GAUGE", "help", "metrics": [{"labels": [{"name", "value"}],
//                  "metricPoints": [{"gaugeValue": {"doubleValue"}, "timestamp"}]}]}, without an envelope
//
// https://github.com/jaegertracing/jaeger/blob/main/internal/proto/metrics/openmetrics.proto

package import SondeModel

extension JaegerJSON {
    /// Calls from one service to another.
    package struct Dependency: Hashable, Sendable {
        package var parent: String
        package var child: String
        package var callCount: Int

        package init(parent: String, child: String, callCount: Int) {
            self.parent = parent
            self.child = child
            self.callCount = callCount
        }
    }

    package static func dependencies(_ dependencies: [Dependency]) -> [UInt8] {
        envelope(total: 0) { json in
            json.array(dependencies) { json, dependency in
                json.beginObject()
                json.member("parent", dependency.parent)
                json.member("child", dependency.child)
                json.member("callCount", dependency.callCount)
                json.endObject()
            }
        }
    }

    /// The answer to whoever wants something done and hears nothing but that it is.
    package static func done() -> [UInt8] { envelope(total: 0) { $0.array([Int]()) { $0.int($1) } } }

    /// A single number in the envelope.
    package static func number(_ number: Int) -> [UInt8] { envelope(total: 0) { $0.int(number) } }
}

extension JaegerJSON {
    /// Values over time, one series a service or operation.
    package struct MetricFamily: Hashable, Sendable {
        package struct Metric: Hashable, Sendable {
            package var service: String
            /// Nil where all operations of the service are one.
            package var operation: String?
            package var points: [Point]

            package init(service: String, operation: String?, points: [Point]) {
                self.service = service
                self.operation = operation
                self.points = points
            }
        }

        package struct Point: Hashable, Sendable {
            package var time: Timestamp
            package var value: Double

            package init(time: Timestamp, value: Double) {
                self.time = time
                self.value = value
            }
        }

        package var name: String
        package var help: String
        package var metrics: [Metric]

        package init(name: String, help: String, metrics: [Metric]) {
            self.name = name
            self.help = help
            self.metrics = metrics
        }
    }

    package static func metrics(_ family: MetricFamily) -> [UInt8] {
        NativeJSON.object { json in
            json.member("name", family.name)
            json.member("type", "GAUGE")
            json.member("help", family.help)
            json.key("metrics")
            json.array(family.metrics) { $0.jaeger($1) }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func jaeger(_ metric: JaegerJSON.MetricFamily.Metric) {
        beginObject()
        key("labels")
        beginArray()
        // jaeger-ui takes the first label for the service without looking at its name.
        label("service_name", metric.service)
        if let operation = metric.operation { label("operation", operation) }
        endArray()
        key("metricPoints")
        array(metric.points) { json, point in
            json.beginObject()
            json.key("gaugeValue")
            json.beginObject()
            json.key("doubleValue")
            json.shortest(point.value)
            json.endObject()
            json.member("timestamp", point.time)
            json.endObject()
        }
        endObject()
    }

    private mutating func label(_ name: String, _ value: String) {
        beginObject()
        member("name", name)
        member("value", value)
        endObject()
    }

    /// Whole numbers without a fraction, as protobuf's JSON has them.
    private mutating func shortest(_ value: Double) {
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { int(whole) } else { double(value) }
    }
}
