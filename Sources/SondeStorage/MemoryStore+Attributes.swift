// SPDX-License-Identifier: Apache-2.0
// Keys and values of the store in memory: every span is asked.

import SondeModel

extension MemoryStore {
    package func attributeKeys(
        _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeKeySummary> {
        var count = AttributeKeyCount(query)
        for span in spans(query) {
            for intrinsic in ListedIntrinsic.allCases {
                count.add(intrinsic.rawValue, .intrinsic, types: [intrinsic.type], spans: 1)
            }
            for (scope, attributes) in span.attributesByScope {
                let byKey = Dictionary(grouping: attributes, by: \.key)
                for (key, same) in byKey { count.add(key, scope, types: Set(same.map(\.value.type)), spans: 1) }
            }
        }
        return count.list(isExact: true)
    }

    package func attributeValues(
        of key: String, _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeValueSummary> {
        var count = AttributeValueCount(query)
        let intrinsic = count.wants(.intrinsic) ? ListedIntrinsic(rawValue: key) : nil
        for span in spans(query) {
            if let intrinsic { count.add(intrinsic.text(of: span), intrinsic.type) }
            for (scope, attributes) in span.attributesByScope where count.wants(scope) {
                for attribute in attributes where attribute.key == key {
                    count.add(attribute.value.text, attribute.value.type)
                }
            }
        }
        return count.list(isExact: true)
    }

    private func spans(_ query: AttributeQuery) -> [SpanRecord] {
        assembled().flatMap(\.spans).filter { span in
            if let service = query.service, span.resource.serviceName != service { return false }
            if let start = query.start, span.start < start { return false }
            if let end = query.end, span.start >= end { return false }
            return true
        }
    }
}

extension SpanRecord {
    fileprivate var attributesByScope: [(ListedScope, [Attribute])] {
        [
            (.span, attributes), (.resource, resource.attributes), (.instrumentation, scope.attributes),
            (.event, events.flatMap(\.attributes)), (.link, links.flatMap(\.attributes)),
        ]
    }
}
