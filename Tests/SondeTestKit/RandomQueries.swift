// SPDX-License-Identifier: Apache-2.0
// Random queries in TraceQL and in the shorthand, over a vocabulary that random telemetry shares, so that many of them
// find something. Always well formed.

package import SondeModel
import SondeStorage

package struct RandomQueries: Sendable {
    package var services: [String]
    package var names: [String]
    package var keys: [String]
    package var values: [AttributeValue]

    package init(services: [String], names: [String], keys: [String], values: [AttributeValue]) {
        self.services = services
        self.names = names
        self.keys = keys
        self.values = values
    }

    // MARK: TraceQL

    package func traceQL(_ dice: inout some RandomNumberGenerator) -> String {
        var text = spansets(depth: 2, &dice)
        for _ in 0..<[0, 0, 0, 1, 1, 2].pick(&dice) { text += " | " + stage(&dice) }
        return text
    }

    private func spansets(depth: Int, _ dice: inout some RandomNumberGenerator) -> String {
        guard depth > 0, chance(45, &dice) else { return filter(&dice) }
        let operators = [
            "&&", "||", ">", ">>", "<", "<<", "~", "!>", "!>>", "!<", "!<<", "!~", "&>", "&>>", "&<", "&<<", "&~",
        ]
        let left = spansets(depth: depth - 1, &dice)
        let right = spansets(depth: depth - 1, &dice)
        return "(\(left) \(operators.pick(&dice)) \(right))"
    }

    private func filter(_ dice: inout some RandomNumberGenerator) -> String {
        chance(8, &dice) ? "{}" : "{ \(condition(depth: 2, &dice)) }"
    }

    private func condition(depth: Int, _ dice: inout some RandomNumberGenerator) -> String {
        guard depth > 0, chance(40, &dice) else { return comparison(&dice) }
        if chance(25, &dice) { return "!(\(condition(depth: depth - 1, &dice)))" }
        let left = condition(depth: depth - 1, &dice)
        let right = condition(depth: depth - 1, &dice)
        return "(\(left) \(["&&", "||"].pick(&dice)) \(right))"
    }

    private func comparison(_ dice: inout some RandomNumberGenerator) -> String {
        let order = ["=", "!=", "<", "<=", ">", ">="]
        switch Int.random(in: 0..<12, using: &dice) {
        case 0: return "resource.service.name \(["=", "!="].pick(&dice)) \(quoted(services.pick(&dice)))"
        case 1: return "name \(["=", "!=", "<", ">="].pick(&dice)) \(quoted(names.pick(&dice)))"
        case 2: return "name \(["=~", "!~"].pick(&dice)) \(quoted(pattern(names.pick(&dice), &dice)))"
        case 3: return "status \(["=", "!="].pick(&dice)) \(["error", "ok", "unset"].pick(&dice))"
        case 4: return "kind \(["=", "!="].pick(&dice)) \(SpanKind.allCases.pick(&dice).name)"
        case 5: return "duration \(order.pick(&dice)) \(["0s", "1ms", "5ms", "6ms", "40ms"].pick(&dice))"
        case 6: return "\(attribute(&dice)) \(["=", "!="].pick(&dice)) nil"
        case 7: return structure(&dice)
        default:
            let field = attribute(&dice)
            switch values.pick(&dice) {
            case .string(let text) where chance(30, &dice):
                return "\(field) \(["=~", "!~"].pick(&dice)) \(quoted(pattern(text, &dice)))"
            case .string(let text): return "\(field) \(order.pick(&dice)) \(quoted(text))"
            case .bool(let flag): return "\(field) \(["=", "!="].pick(&dice)) \(flag)"
            case .int(let number): return "\(field) \(order.pick(&dice)) \(max(number, -.max))"
            case .double(let number) where number.isFinite && number.magnitude < 1e15 && number.magnitude > 1e-4:
                return "\(field) \(order.pick(&dice)) \(number)"
            default: return "\(field) != nil"
            }
        }
    }

    /// What depends on other spans of the trace, and what events and links have.
    private func structure(_ dice: inout some RandomNumberGenerator) -> String {
        [
            "span:childCount > 0", "span:childCount = 1", "nestedSetParent < 0", "span:parentID = nil",
            "trace:duration > 20ms", "rootServiceName = \(quoted(services.pick(&dice)))",
            "rootName != \(quoted(names.pick(&dice)))", "parent.\(key(&dice)) != nil",
            "parent.resource.service.name = \(quoted(services.pick(&dice)))", "event:name != nil",
            "event:name =~ \".*e.*\"", "event:timeSinceStart >= 1ms", "link:traceID != nil",
            "instrumentation:name != \"\"", "duration * 2 > 10ms",
        ].pick(&dice)
    }

    private func stage(_ dice: inout some RandomNumberGenerator) -> String {
        let order = ["=", "!=", "<", "<=", ">", ">="]
        switch Int.random(in: 0..<8, using: &dice) {
        case 0, 1: return "count() \(order.pick(&dice)) \([1, 2, 3].pick(&dice))"
        case 2: return "\(["avg", "min", "max", "sum"].pick(&dice))(duration) \(order.pick(&dice)) 6ms"
        case 3: return "\(["avg", "min", "max", "sum"].pick(&dice))(\(attribute(&dice))) > 1"
        case 4: return "by(\(["resource.service.name", "name", "kind", attribute(&dice)].pick(&dice)))"
        case 5: return "coalesce()"
        case 6: return "select(name, \(attribute(&dice)))"
        default: return filter(&dice)
        }
    }

    private func attribute(_ dice: inout some RandomNumberGenerator) -> String {
        [".", ".", "span.", "resource.", "event.", "link.", "instrumentation."].pick(&dice) + key(&dice)
    }

    private func key(_ dice: inout some RandomNumberGenerator) -> String {
        quoted(chance(10, &dice) ? "no.such.key" : keys.pick(&dice))
    }

    // MARK: The shorthand

    package func shorthand(_ dice: inout some RandomNumberGenerator) -> String {
        let count = [1, 1, 2, 2, 3].pick(&dice)
        return (0..<count).map { _ in term(depth: 2, &dice) }.joined(separator: " ")
    }

    private func term(depth: Int, _ dice: inout some RandomNumberGenerator) -> String {
        if depth > 0, chance(30, &dice) {
            if chance(30, &dice) { return "NOT " + term(depth: depth - 1, &dice) }
            let left = term(depth: depth - 1, &dice)
            return "(\(left) \(["OR", "AND"].pick(&dice)) \(term(depth: depth - 1, &dice)))"
        }
        let comparison = ["<", "<=", ">", ">="].pick(&dice)
        switch Int.random(in: 0..<10, using: &dice) {
        case 0: return "service\(["=", "!="].pick(&dice))\(quoted(services.pick(&dice)))"
        case 1: return "name\(["=", "!=", "~", "!~"].pick(&dice))\(quoted(literal(names.pick(&dice))))"
        case 2: return "name=\(quoted(String(names.pick(&dice).prefix(3)) + "*"))"
        case 3: return ["error", "root"].pick(&dice)
        case 4: return "duration\(comparison)\(["1ms", "6ms", "40ms"].pick(&dice))"
        case 5: return "has:\(key(&dice))"
        case 6: return "\(key(&dice))\(comparison)\([0, 1, 2.5, 200].pick(&dice))"
        case 7: return "kind\(["=", "!="].pick(&dice))\(SpanKind.allCases.pick(&dice).name)"
        default: return "\(key(&dice))\(["=", "!="].pick(&dice))\(quoted(values.pick(&dice).text))"
        }
    }

    // MARK: Texts

    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    private func literal(_ text: String) -> String {
        String(text.flatMap { ".+*?()[]{}|^$\\".contains($0) ? ["\\", $0] : [$0] })
    }

    private func pattern(_ text: String, _ dice: inout some RandomNumberGenerator) -> String {
        let text = text.count < 200 ? text : String(text.prefix(10))
        return [
            literal(text), literal(String(text.prefix(2))) + ".*", ".*" + literal(String(text.suffix(2))), ".+",
            literal(text) + "|x", "(?i)" + literal(text),
        ].pick(&dice)
    }

    private func chance(_ percent: Int, _ dice: inout some RandomNumberGenerator) -> Bool {
        Int.random(in: 0..<100, using: &dice) < percent
    }
}

extension Array {
    /// An element; the array must not be empty.
    fileprivate func pick(_ dice: inout some RandomNumberGenerator) -> Element {
        self[Int.random(in: indices, using: &dice)]
    }
}
