// SPDX-License-Identifier: Apache-2.0
// Descriptions of an API as OpenAPI 3.1 has them: operations with their parameters and answers in, JSON out. What an
// answer may hold is told by a schema; schemas that several answers share have names.
//
// https://spec.openapis.org/oas/v3.1.0

package struct OpenAPIDocument: Sendable {
    package var title: String
    package var version: String
    package var summary: String
    package var operations: [Operation] = []
    /// Named schemas, in order.
    package var schemas: [(name: String, schema: Schema)] = []
    /// How every refusal is told: the name of its schema.
    package var refusal: String

    package init(title: String, version: String, summary: String, refusal: String) {
        self.title = title
        self.version = version
        self.summary = summary
        self.refusal = refusal
    }

    /// A method of a path.
    package struct Operation: Sendable {
        /// In lower case.
        package var method: String
        /// With parameters in braces.
        package var path: String
        package var id: String
        package var summary: String
        package var parameters: [Parameter]
        /// Media types of a body; none for no body.
        package var body: [String] = []
        package var answers: [Answer]
        /// Statuses of refusals, told in the shape of them all.
        package var refusals: [Int]

        package init(
            _ method: String, _ path: String, id: String, _ summary: String, parameters: [Parameter] = [],
            body: [String] = [], answers: [Answer], refusals: [Int]
        ) {
            self.method = method
            self.path = path
            self.id = id
            self.summary = summary
            self.parameters = parameters
            self.body = body
            self.answers = answers
            self.refusals = refusals
        }
    }

    package struct Parameter: Sendable {
        package enum Place: String, Sendable {
            case query, path
        }

        package var name: String
        package var place: Place
        package var isRequired: Bool
        package var schema: Schema
        package var text: String
        /// A value that can be tried.
        package var example: String?

        package init(
            _ name: String, in place: Place = .query, isRequired: Bool = false, _ schema: Schema, _ text: String,
            example: String? = nil
        ) {
            self.name = name
            self.place = place
            self.isRequired = isRequired || place == .path
            self.schema = schema
            self.text = text
            self.example = example
        }
    }

    /// What comes back if all is well.
    package struct Answer: Sendable {
        package var status: Int
        package var text: String
        /// By media type; none for no body.
        package var content: [(type: String, schema: Schema)]

        package init(status: Int = 200, _ text: String, _ content: [(type: String, schema: Schema)]) {
            self.status = status
            self.text = text
            self.content = content
        }
    }

    /// What a value may be.
    package indirect enum Schema: Sendable {
        case anything
        case boolean
        case integer(min: Int?)
        case number
        case string
        /// A text that is written so: a regular expression.
        case pattern(String)
        /// One of these words.
        case words([String])
        case moment
        case list(Schema)
        /// Members that are always there, and those that come when they have something to say.
        case object([(String, Schema)], optional: [(String, Schema)] = [])
        /// Any names, values alike.
        case map(Schema)
        case either([Schema])
        case orNull(Schema)
        case named(String)
    }
}

extension OpenAPIDocument {
    package var json: [UInt8] {
        NativeJSON.object { json in
            json.member("openapi", "3.1.0")
            json.key("info")
            json.object { json in
                json.member("title", title)
                json.member("version", version)
                json.member("summary", summary)
            }
            json.key("paths")
            json.object { json in
                var seen: Set<String> = []
                for operation in operations where seen.insert(operation.path).inserted {
                    json.key(operation.path)
                    json.object { json in
                        for method in operations where method.path == operation.path { json.write(method, self) }
                    }
                }
            }
            json.key("components")
            json.object { json in
                json.key("schemas")
                json.object { json in
                    for schema in schemas {
                        json.key(schema.name)
                        json.write(schema.schema)
                    }
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func object(_ content: (inout JSONWriter) -> Void) {
        beginObject()
        content(&self)
        endObject()
    }

    fileprivate mutating func write(_ operation: OpenAPIDocument.Operation, _ document: OpenAPIDocument) {
        key(operation.method)
        object { json in
            json.member("operationId", operation.id)
            json.member("summary", operation.summary)
            if !operation.parameters.isEmpty {
                json.key("parameters")
                json.array(operation.parameters) { $0.write($1) }
            }
            if !operation.body.isEmpty { json.writeBody(operation.body) }
            json.key("responses")
            json.object { json in
                for answer in operation.answers { json.write(answer) }
                let refusal = OpenAPIDocument.Schema.named(document.refusal)
                for status in operation.refusals {
                    json.write(.init(status: status, "refused", [("application/json", refusal)]))
                }
            }
        }
    }

    private mutating func write(_ parameter: OpenAPIDocument.Parameter) {
        object { json in
            json.member("name", parameter.name)
            json.member("in", parameter.place.rawValue)
            if parameter.isRequired { json.member("required", true) }
            json.member("description", parameter.text)
            if let example = parameter.example { json.member("example", example) }
            json.key("schema")
            json.write(parameter.schema)
        }
    }

    private mutating func writeBody(_ types: [String]) {
        key("requestBody")
        object { json in
            json.key("content")
            json.object { json in
                for type in types {
                    json.key(type)
                    json.object { _ in }
                }
            }
        }
    }

    private mutating func write(_ answer: OpenAPIDocument.Answer) {
        key("\(answer.status)")
        object { json in
            json.member("description", answer.text)
            guard !answer.content.isEmpty else { return }
            json.key("content")
            json.object { json in
                for content in answer.content {
                    json.key(content.type)
                    json.object { json in
                        json.key("schema")
                        json.write(content.schema)
                    }
                }
            }
        }
    }

    // MARK: Schemas

    fileprivate mutating func write(_ schema: OpenAPIDocument.Schema) {
        object { $0.writeMembers(of: schema) }
    }

    private mutating func writeMembers(of schema: OpenAPIDocument.Schema) {
        switch schema {
        case .anything: break
        case .boolean: member("type", "boolean")
        case .integer(let least):
            member("type", "integer")
            if let least { member("minimum", least) }
        case .number: member("type", "number")
        case .string: member("type", "string")
        case .pattern(let pattern):
            member("type", "string")
            member("pattern", pattern)
        case .words(let words):
            member("type", "string")
            key("enum")
            array(words) { $0.string($1) }
        case .moment:
            member("type", "string")
            member("format", "date-time")
        case .list(let element):
            member("type", "array")
            key("items")
            write(element)
        case .object(let required, let optional): writeMembers(required, optional)
        case .map(let value):
            member("type", "object")
            key("additionalProperties")
            write(value)
        case .either(let schemas):
            key("anyOf")
            array(schemas) { $0.write($1) }
        case .orNull(let schema):
            key("anyOf")
            beginArray()
            write(schema)
            object { $0.member("type", "null") }
            endArray()
        case .named(let name): member("$ref", "#/components/schemas/\(name)")
        }
    }

    private mutating func writeMembers(
        _ required: [(String, OpenAPIDocument.Schema)], _ optional: [(String, OpenAPIDocument.Schema)]
    ) {
        member("type", "object")
        key("properties")
        object { json in
            for (name, schema) in required + optional {
                json.key(name)
                json.write(schema)
            }
        }
        guard !required.isEmpty else { return }
        key("required")
        array(required) { $0.string($1.0) }
    }
}
