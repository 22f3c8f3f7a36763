// SPDX-License-Identifier: Apache-2.0
// The resources that spans came from, each once.

import SondeModel

struct TargetTable {
    private var seen: [[UInt8]: (target: TargetSeries, last: ContinuousClock.Instant)] = [:]
    private var nextLook: ContinuousClock.Instant?

    /// Called once a resource of a batch: by its bytes, so that a known one costs a lookup.
    mutating func see(_ resource: BatchResource, _ base: UnsafePointer<UInt8>, _ now: ContinuousClock.Instant) {
        guard resource.body.count <= PipelineLimits.targetBytes else { return }
        let bytes = Array(
            UnsafeBufferPointer(start: base + resource.body.lowerBound, count: Int(resource.body.count)))
        if seen[bytes] != nil {
            seen[bytes]?.last = now
            return
        }
        if seen.count >= PipelineLimits.targets { dropIdle(now) }
        guard seen.count < PipelineLimits.targets else { return }
        seen[bytes] = (Self.target(resource, base), now)
    }

    /// Looks once a second at most: a table that is full asks for every new resource.
    mutating func dropIdle(_ now: ContinuousClock.Instant) {
        if let nextLook, now < nextLook { return }
        nextLook = now + .seconds(1)
        let oldest = now - PipelineLimits.seriesIdleTime
        seen = seen.filter { $0.value.last >= oldest }
    }

    func snapshot() -> [TargetSeries] { seen.values.map(\.target) }

    private static func target(_ resource: BatchResource, _ base: UnsafePointer<UInt8>) -> TargetSeries {
        let all = (try? ProtobufReader.attributes(base: base, range: resource.body, field: 1)) ?? []
        var target = TargetSeries(job: resource.service, instance: "", attributes: [:])
        for attribute in all {
            let text = String(decoding: SpanNameTemplate.cut(Array(attribute.value.text.utf8)), as: UTF8.self)
            switch attribute.key {
            case "service.name": continue
            case "service.namespace": target.job = text + "/" + resource.service
            case "service.instance.id": target.instance = text
            default:
                guard target.attributes.count < PipelineLimits.targetLabels else { continue }
                target.attributes[attribute.key] = text
            }
        }
        return target
    }
}
