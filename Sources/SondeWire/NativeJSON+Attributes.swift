// SPDX-License-Identifier: Apache-2.0
// Attribute keys and values in the native API.
//
//   keys    {attributes:[{key, scope, types:[…], spanCount}], total:{value, exact}}
//   values  {values:[{value, type, count}], total:{value, exact}}

package import SondeModel

extension NativeJSON {
    package static func attributeKeys(
        _ keys: [(key: String, scope: String, types: [String], spanCount: Int)], total: Total
    ) -> [UInt8] {
        object { json in
            json.key("attributes")
            json.array(keys) { json, key in
                json.beginObject()
                json.member("key", key.key)
                json.member("scope", key.scope)
                json.key("types")
                json.array(key.types) { $0.string($1) }
                json.member("spanCount", key.spanCount)
                json.endObject()
            }
            json.total(total)
        }
    }

    package static func attributeValues(
        _ values: [(text: String, type: String, count: Int)], total: Total
    ) -> [UInt8] {
        object { json in
            json.key("values")
            json.array(values) { json, value in
                json.beginObject()
                json.member("value", value.text)
                json.member("type", value.type)
                json.member("count", value.count)
                json.endObject()
            }
            json.total(total)
        }
    }
}
