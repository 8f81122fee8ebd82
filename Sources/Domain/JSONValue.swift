/// Any JSON value, keys in the order of the text. For the command line, for tests and for what is read seldom: inputs are decoded
/// without it.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number without point and exponent.
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    /// Equal only with the same order.
    case object([JSONMember])

    /// Reads one value; strict (see `JSONReader`): a doubled key, an integer beyond 64 bits and a number beyond a double's range are
    /// faults. `firstLine` is the line on which the text begins in its file.
    package static func parse(_ bytes: some Collection<UInt8>, limits: JSONLimits = JSONLimits(), firstLine: Int = 1) throws(JSONFault) -> JSONValue {
        let result = withBytes(bytes) { buffer -> Result<JSONValue, JSONFault> in
            do throws(JSONStop) {
                var reader = try JSONReader(buffer, limits: limits)
                let value = try reader.value()
                try reader.finish()
                return .success(value)
            } catch { return .failure(JSONFault(error, in: buffer, firstLine: firstLine)) }
        }
        return try result.get()
    }

    package static func parse(_ text: String) throws(JSONFault) -> JSONValue { try parse(text.utf8) }

    /// The value of a key; nil when this is no object or has no such key.
    package subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// nil when this is no array or too short.
    package subscript(_ index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var int: Int64? { if case .int(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var object: [JSONMember]? { if case .object(let value) = self { value } else { nil } }
    package var isNull: Bool { self == .null }
    /// Integers too.
    package var double: Double? {
        switch self {
        case .double(let value): value
        case .int(let value): Double(value)
        case .null, .bool, .string, .array, .object: nil
        }
    }

    package func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .int(let value): writer.int(value)
        case .double(let value): writer.double(value)
        case .string(let value): writer.string(value)
        case .array(let elements): writer.array { for element in elements { element.write(to: &$0) } }
        case .object(let members):
            writer.object {
                for member in members {
                    $0.key(named: member.key)
                    member.value.write(to: &$0)
                }
            }
        }
    }

    /// Compact.
    package var text: String {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.text
    }
}

package struct JSONMember: Hashable, Sendable {
    package var key: String
    package var value: JSONValue
    package init(key: String, value: JSONValue) {
        self.key = key
        self.value = value
    }
}

extension JSONReader {
    /// The value that begins here, as a tree.
    mutating func value() throws(JSONStop) -> JSONValue {
        switch try next() {
        case 0x22: return .string(try string(try text()))
        case 0x7B:
            try openObject()
            var isFirst = true
            var keys = JSONKeys(limits.membersMax)
            var members: [JSONMember] = []
            while let key = try nextKey(&isFirst) {
                let name = try string(key)
                try keys.insert(name, at: key.start - 1)
                members.append(JSONMember(key: name, value: try value()))
                skipSpace()
            }
            return .object(members)
        case 0x5B:
            try openArray()
            var isFirst = true
            var elements: [JSONValue] = []
            while try nextElement(&isFirst) {
                guard elements.count < limits.elementsMax else {
                    throw stop(.tooMany, "more than \(limits.elementsMax) elements in one list", nil)
                }
                elements.append(try value())
                skipSpace()
            }
            return .array(elements)
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try bool())
        case UInt8(ascii: "n"):
            _ = try takeNull()
            return .null
        default:
            let start = self
            switch try number() {
            case .int(let value): return .int(value)
            case .double(let value): return .double(value)
            case .tooLarge: throw start.numberTooLarge()
            }
        }
    }

    @inline(never) func numberTooLarge() -> JSONStop {
        stop(.outOfRange, "this number is too large for 64 bits", "write it as text in quotes")
    }
}

/// The bytes in one piece; a copy where the collection has none.
func withBytes<R>(_ bytes: some Collection<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    if let result = bytes.withContiguousStorageIfAvailable(body) { return result }
    return Array(bytes).withUnsafeBufferPointer(body)
}
