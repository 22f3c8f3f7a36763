// SPDX-License-Identifier: Apache-2.0
// When a request is sent once more: to where a redirect points, or again after a failure that may pass.
//
// https://www.rfc-editor.org/rfc/rfc9110#section-15.4, https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2

#if HTTPClient
    import AsyncHTTPClient
    import NIOCore
    import NIOHTTP1

    /// How ``InstrumentedHTTPClient`` follows redirects and tries again. Each sending is a span of its own, the later ones
    /// with `http.request.resend_count`.
    public struct HTTPResends: Sendable {
        /// Redirects that are followed; the answer after the last of them is returned as it is. 0 follows none.
        public var maxRedirects = 5
        /// How often a request is tried again after a connection error, 429, 502, 503 or 504. Only methods that may be
        /// repeated are: GET, HEAD, OPTIONS, TRACE, PUT, DELETE, QUERY.
        public var maxRetries = 0
        /// The wait before the first retry; it doubles with each further one. A `Retry-After` in seconds takes its place. A
        /// wait that would pass the time-out is not begun.
        public var retryDelay = Duration.milliseconds(100)
        /// Whether the request's body can be sent twice: bytes can, a stream mostly not. If not, a request with a body is
        /// neither retried nor redirected with its body (307, 308).
        public var isBodyRepeatable = false

        /// Five redirects, no retries.
        public init() {}

        /// Redirects and retries as told.
        public init(maxRedirects: Int = 5, maxRetries: Int, isBodyRepeatable: Bool = false) {
            self.maxRedirects = maxRedirects
            self.maxRetries = maxRetries
            self.isBodyRepeatable = isBodyRepeatable
        }
    }

    /// What is decided about one request and its resends.
    struct ResendState {
        private(set) var count = 0
        private var redirects = 0
        private var retries = 0
        let rules: HTTPResends

        init(_ rules: HTTPResends) { self.rules = rules }

        /// The request that a redirect asks for; nil if it is none, or none to be followed.
        mutating func redirected(_ request: HTTPClientRequest, by response: HTTPClientResponse) -> HTTPClientRequest? {
            guard redirects < rules.maxRedirects, let target = response.headers.first(name: "location"),
                let url = URLReference.resolve(target, against: request.url)
            else { return nil }
            var next = request
            switch response.status.code {
            case 303 where request.method != .HEAD: next.dropBody()
            case 301, 302: if request.method == .POST { next.dropBody() }
            case 303, 307, 308: break
            default: return nil
            }
            guard next.body == nil || rules.isBodyRepeatable else { return nil }
            next.url = url
            if !URLReference.isSameOrigin(url, request.url) {
                for name in ["authorization", "cookie", "proxy-authorization", "origin"] {
                    next.headers.remove(name: name)
                }
            }
            next.headers.remove(name: "host")
            redirects += 1
            count += 1
            return next
        }

        /// How long to wait before trying again; nil if it is not to be tried.
        ///
        /// - Parameter response: The answer, nil for an error of the connection.
        mutating func delay(of request: HTTPClientRequest, after response: HTTPClientResponse?) -> Duration? {
            guard retries < rules.maxRetries, Self.repeatable.contains(request.method.rawValue),
                request.body == nil || rules.isBodyRepeatable,
                response.map({ [429, 502, 503, 504].contains($0.status.code) }) ?? true
            else { return nil }
            let asked = response?.headers.first(name: "retry-after").flatMap { Int($0) }
            let delay = asked.map { Duration.seconds(max(0, $0)) } ?? rules.retryDelay * (1 << min(retries, 16))
            retries += 1
            count += 1
            return delay
        }

        private static let repeatable: Set<String> = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"]
    }

    extension HTTPClientRequest {
        fileprivate mutating func dropBody() {
            method = .GET
            body = nil
            for name in ["content-length", "content-type", "content-encoding", "transfer-encoding"] {
                headers.remove(name: name)
            }
        }
    }

    /// URLs as far as redirects need them.
    enum URLReference {
        /// `reference` as seen from `base`; nil if that is no http or https URL. https://www.rfc-editor.org/rfc/rfc3986#section-5.2
        static func resolve(_ reference: String, against base: String) -> String? {
            let parts = URLParts(base)
            guard let scheme = parts.scheme, let authority = URLParts.authority(base) else { return nil }
            let bare = String(reference.prefix { $0 != "#" })
            if bare.contains("://"), let own = URLParts(bare).scheme {
                return ["http", "https"].contains(own) ? bare : nil
            }
            if bare.hasPrefix("//") { return scheme + ":" + bare }
            if let colon = bare.firstIndex(of: ":"), !bare[..<colon].contains(where: { "/?".contains($0) }) {
                return nil
            }
            let origin = scheme + "://" + authority
            if bare.hasPrefix("/") { return origin + bare }
            let path = URLParts.path(base)
            if bare.isEmpty { return base }
            if bare.hasPrefix("?") { return origin + path + bare }
            let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
            return origin + folder + bare
        }

        static func isSameOrigin(_ first: String, _ second: String) -> Bool {
            let (first, second) = (URLParts(first), URLParts(second))
            return first.scheme == second.scheme && first.host?.lowercased() == second.host?.lowercased()
                && first.port == second.port
        }
    }

    extension URLParts {
        /// The authority as written, user information included.
        fileprivate static func authority(_ url: String) -> String? {
            url.behindScheme.map { String($0.prefix { !"/?#".contains($0) }) }
        }

        /// The path, without query and fragment.
        fileprivate static func path(_ url: String) -> String {
            String((url.behindScheme ?? "").drop { !"/?#".contains($0) }.prefix { !"?#".contains($0) })
        }
    }

    extension String {
        fileprivate var behindScheme: Substring? {
            guard let colon = firstIndex(of: ":"), self[colon...].hasPrefix("://") else { return nil }
            return self[index(colon, offsetBy: 3)...]
        }
    }
#endif
