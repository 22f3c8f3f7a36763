// SPDX-License-Identifier: Apache-2.0
// What must not be read by everybody who reads logs: values that the caller marked, and values under certain keys.

public import Logging

/// Marks a metadata value as fit, or unfit, to be written.
///
/// ```swift
/// logger.info("signed in", metadata: ["user.id": "\(id)", "user.email": "\(email, sensitivity: .sensitive)"])
/// ```
///
/// swift-log carries such marks (`Logger.MetadataValueAttributes`) and leaves their meaning to handlers.
public enum Sensitivity: Hashable, Sendable {
    /// May be read by whoever reads the logs; also where the key says otherwise.
    case `public`
    /// Written as `<redacted>`, unless ``LogRedaction/none`` is configured.
    case sensitive
}

/// The two marks are of two types: of marks of one type swift-log keeps the last, and what is sensitive must stay so
/// whatever else is in the text.
private enum SensitiveMark: Int64, Logger.MetadataValueAttributes.Attribute { case isSet = 1 }
private enum PublicMark: Int64, Logger.MetadataValueAttributes.Attribute { case isSet = 1 }

extension Logger.MetadataValueAttributes {
    /// How far the value may be read; nil if nobody said. What was marked as sensitive stays so when it is marked as
    /// public as well; nil takes all marks away.
    public var sensitivity: Sensitivity? {
        get {
            if self[SensitiveMark.self] != nil { return .sensitive }
            return self[PublicMark.self] == nil ? nil : .public
        }
        set {
            switch newValue {
            case .sensitive: self[SensitiveMark.self] = .isSet
            case .public: self[PublicMark.self] = .isSet
            case nil:
                self[SensitiveMark.self] = nil
                self[PublicMark.self] = nil
            }
        }
    }
}

extension Logger.MetadataValue.StringInterpolation {
    /// A value and how far it may be read. One sensitive part makes the whole text sensitive.
    public mutating func appendInterpolation<Value: CustomStringConvertible>(
        _ value: Value, sensitivity: Sensitivity
    ) {
        var attributes = Logger.MetadataValueAttributes()
        attributes.sensitivity = sensitivity
        appendInterpolation(value, attributes: attributes)
    }
}

/// Which metadata values are written as `<redacted>`, in lines and in what is exported.
public struct LogRedaction: Sendable {
    /// Whether values marked ``Sensitivity/sensitive`` are hidden. SONDE_LOG_REDACTION=none turns it off.
    public var hidesSensitive: Bool
    /// Keys whose values are hidden, in any case (`password` hides `Password`), on all levels of nested metadata, unless
    /// the value is marked ``Sensitivity/public``. SONDE_LOG_REDACTED_KEYS.
    public var keys: Set<String> { didSet { lowerKeys = Set(keys.map { $0.lowercased() }) } }
    /// A rule for marks of another package: true hides the value.
    public var hides: (@Sendable (Logger.MetadataValueAttributes) -> Bool)?
    private var lowerKeys: Set<String>

    /// - Parameters:
    ///   - hidingSensitive: Whether values marked ``Sensitivity/sensitive`` are hidden.
    ///   - keys: Keys whose values are hidden.
    ///   - hides: A rule for marks of another package: true hides the value.
    public init(
        hidingSensitive: Bool = true, keys: Set<String> = [],
        hides: (@Sendable (Logger.MetadataValueAttributes) -> Bool)? = nil
    ) {
        hidesSensitive = hidingSensitive
        self.keys = keys
        self.hides = hides
        lowerKeys = Set(keys.map { $0.lowercased() })
    }

    /// What is marked as sensitive.
    public static let sensitive = LogRedaction()
    /// Nothing is hidden.
    public static let none = LogRedaction(hidingSensitive: false)

    static let mark = "<redacted>"

    /// Whether the value under `key` must be hidden.
    @inline(__always)
    func hides(_ key: String, _ value: Logger.MetadataValue) -> Bool {
        guard !lowerKeys.isEmpty || isMarkable(value) else { return false }
        return decides(key, value)
    }

    /// Whether the field must be hidden. Facts have no marks.
    @inline(__always)
    func hides(_ key: String, _ value: LogFieldValue) -> Bool {
        switch value {
        case .metadata(let value): hides(key, value)
        case .fact: !lowerKeys.isEmpty && lowerKeys.contains(key.lowercased())
        }
    }

    /// Only such values can have marks, and numbers are none of them.
    @inline(__always)
    private func isMarkable(_ value: Logger.MetadataValue) -> Bool {
        guard case .stringConvertible(let convertible) = value else { return false }
        let type = type(of: convertible) as Any.Type
        return type != Int.self && type != Bool.self && type != Double.self
    }

    @inline(never)
    private func decides(_ key: String, _ value: Logger.MetadataValue) -> Bool {
        let attributes = value.attributes
        let sensitivity = attributes.sensitivity
        if hidesSensitive, sensitivity == .sensitive { return true }
        if let hides, hides(attributes) { return true }
        return sensitivity != .public && !lowerKeys.isEmpty && lowerKeys.contains(key.lowercased())
    }
}
