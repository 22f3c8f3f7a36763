// SPDX-License-Identifier: Apache-2.0
// What may be asked of one span: the tree between the braces of `{ … }`, and of every term of the shorthand.

package import SondeModel

/// An expression over the fields of one span. As a condition it holds if its value is `true`.
package indirect enum FieldExpression: Hashable, Sendable {
    case literal(FieldLiteral)
    case field(Field)
    /// `!x`: true for false, false for true, nothing for anything else.
    case not(FieldExpression)
    /// `-x`
    case negative(FieldExpression)
    case arithmetic(FieldExpression, ArithmeticOperator, FieldExpression)
    /// False where the two sides can't be compared: one of them is absent, or a number stands against a string. With
    /// `nil` on one side it asks for existence.
    case compare(FieldExpression, Comparison, FieldExpression)
    /// `x =~ "…"`, or `x !~ "…"` if negated: false for what is absent or not a string.
    case match(FieldExpression, RegularExpression, isNegated: Bool)
    /// All of them hold. Never empty.
    case all([FieldExpression])
    /// At least one of them holds. Never empty.
    case any([FieldExpression])
    /// A term of the shorthand: some attribute of this key in the span, its resource, its scope, its events or its links
    /// meets the condition.
    case anywhere(key: String, LooseCondition)
}

/// A constant.
package enum FieldLiteral: Hashable, Sendable {
    case string(String)
    case int(Int64)
    case double(Double)
    /// Nanoseconds. Compares with numbers.
    case duration(Int64)
    case bool(Bool)
    case status(StatusCode)
    case kind(SpanKind)
    case `nil`
}

package enum ArithmeticOperator: String, Hashable, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case power = "^"
}

package enum Comparison: String, Hashable, Sendable {
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="

    /// The comparison that holds with the sides exchanged.
    package var mirrored: Comparison {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}

/// How the shorthand compares one attribute.
package enum LooseCondition: Hashable, Sendable {
    /// There is such an attribute, whatever its value.
    case exists
    /// Its value as text (``SondeModel/AttributeValue/text``), or an element of it, equals this.
    case equals(String)
    /// Its value as text, or an element of it, holds a match.
    case matches(RegularExpression)
    /// It is a number, or text that reads as one, and compares so.
    case compares(Comparison, Double)
}

/// Something a span has.
package enum Field: Hashable, Sendable {
    case attribute(AttributeScope, key: String)
    /// The same of the parent span.
    case parentAttribute(AttributeScope, key: String)
    case intrinsic(Intrinsic)
}

package enum AttributeScope: String, Hashable, Sendable, CaseIterable {
    /// `.key`: the first of span, resource, instrumentation, events and links that has the key decides.
    case any = ""
    case span, resource, instrumentation, event, link
}

/// What every span has by itself; the raw value is the spelling with a scope.
package enum Intrinsic: String, Hashable, Sendable, CaseIterable {
    case name = "span:name"
    case status = "span:status"
    case statusMessage = "span:statusMessage"
    case kind = "span:kind"
    case duration = "span:duration"
    case spanID = "span:id"
    case parentID = "span:parentID"
    case childCount = "span:childCount"
    case traceID = "trace:id"
    case traceDuration = "trace:duration"
    case rootName = "trace:rootName"
    case rootService = "trace:rootService"
    case eventName = "event:name"
    case eventTimeSinceStart = "event:timeSinceStart"
    case linkSpanID = "link:spanID"
    case linkTraceID = "link:traceID"
    case instrumentationName = "instrumentation:name"
    case instrumentationVersion = "instrumentation:version"
    case nestedSetLeft, nestedSetRight, nestedSetParent

    /// The spellings without a scope that some intrinsics have besides.
    package static let shortNames: [String: Intrinsic] = [
        "name": .name, "status": .status, "statusMessage": .statusMessage, "kind": .kind, "duration": .duration,
        "childCount": .childCount, "parent": .parentID, "rootName": .rootName, "rootServiceName": .rootService,
        "traceDuration": .traceDuration, "nestedSetLeft": .nestedSetLeft, "nestedSetRight": .nestedSetRight,
        "nestedSetParent": .nestedSetParent,
    ]

    /// Whether the value depends on other spans of the trace.
    package var needsTrace: Bool {
        switch self {
        case .childCount, .traceDuration, .rootName, .rootService, .nestedSetLeft, .nestedSetRight, .nestedSetParent:
            true
        default: false
        }
    }
}

extension Field {
    /// Whether the value depends on other spans of the trace.
    package var needsTrace: Bool {
        switch self {
        case .attribute: false
        case .parentAttribute: true
        case .intrinsic(let intrinsic): intrinsic.needsTrace
        }
    }

    /// As it is written in a query.
    package var text: String {
        switch self {
        case .attribute(let scope, let key): scope.rawValue + "." + Self.written(key)
        case .parentAttribute(.any, let key): "parent." + Self.written(key)
        case .parentAttribute(let scope, let key): "parent." + scope.rawValue + "." + Self.written(key)
        case .intrinsic(let intrinsic): intrinsic.rawValue
        }
    }

    /// The key, in quotes if it would not be read as one without.
    private static func written(_ key: String) -> String {
        if !key.isEmpty, key.unicodeScalars.allSatisfy(TraceQLLexer.belongsToKey) { return key }
        var quoted = "\""
        for character in key.unicodeScalars {
            if character == "\"" || character == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}

extension FieldExpression {
    /// Whether its value depends on other spans of the trace: if not, it can be decided on a span alone.
    package var needsTrace: Bool {
        switch self {
        case .literal, .anywhere: false
        case .field(let field): field.needsTrace
        case .not(let inner), .negative(let inner), .match(let inner, _, _): inner.needsTrace
        case .arithmetic(let left, _, let right), .compare(let left, _, let right):
            left.needsTrace || right.needsTrace
        case .all(let parts), .any(let parts): parts.contains(where: \.needsTrace)
        }
    }
}
