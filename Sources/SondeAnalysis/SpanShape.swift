// SPDX-License-Identifier: Apache-2.0
// What one span asked of somebody else: its statement or the template of its URL.

import SondeModel

extension SpanRecord {
    /// The statement as it was sent; nil for a span that carries none.
    var statementText: String? { Self.text(attributes, ["db.query.text", "db.statement", "db.query.summary"]) }

    /// The statement's shape, else the method and template of the URL; empty for a span that carries neither.
    var callShape: String {
        if let statement = statementText { return Shape.statement(statement) }
        guard kind != .server,
            let url = Self.text(attributes, ["url.template", "url.full", "http.url", "url.path", "http.target"])
        else { return "" }
        let method = Self.text(attributes, ["http.request.method", "http.method"]) ?? ""
        return method.isEmpty ? Shape.url(url) : method + " " + Shape.url(url)
    }

    /// The very call, literals and all: what is the same in two attempts.
    var callText: String {
        statementText ?? Self.text(attributes, ["url.full", "http.url", "url.path", "http.target"]) ?? ""
    }

    /// Whether the call changes something over there, as far as it says so.
    var isWrite: Bool {
        if let statement = statementText { return SQLShape.isWrite(statement) }
        switch Self.text(attributes, ["http.request.method", "http.method"]) {
        case "POST", "PUT", "PATCH", "DELETE": return true
        default: return kind == .producer || SQLShape.isWrite(name)
        }
    }

    /// 0 if the span has none.
    var httpStatus: Int {
        for key in ["http.response.status_code", "http.status_code"] {
            if let text = attributes[key]?.text, let status = Int(text) { return status }
        }
        return 0
    }

    /// Whether the call went wrong: a status of error, or an HTTP status by which clients try again.
    var isFailedAttempt: Bool { isError || httpStatus >= 500 || httpStatus == 429 }

    /// The first of the keys that has a text.
    static func text(_ attributes: [Attribute], _ keys: [String]) -> String? {
        for key in keys {
            if let text = attributes[key]?.text, !text.isEmpty { return text }
        }
        return nil
    }
}
