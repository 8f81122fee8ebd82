/// What a customer's record says month by month: `"consumption":{"2026-10":412000.0}`, `"payments":{"2026-10":12,"2026-11":"unpaid"}`.
extension JSONReader {
    /// Months of one record: no utility sends more than ten years of them.
    private static let monthsMax = 120

    mutating func consumption() throws(JSONStop) -> [Int32: Double] {
        try months("consumption") { (reader) throws(JSONStop) in
            let start = reader
            let value = try reader.double()
            guard value >= 0, value <= 1e12 else { throw start.outOfRange("\(value) kWh in a month can't be", "write kWh, from 0 on", at: start.at) }
            return value
        }
    }

    mutating func payments() throws(JSONStop) -> [Int32: Int32] {
        try months("payments") { (reader) throws(JSONStop) in
            let start = reader
            if try reader.next() == 0x22 {
                guard try reader.code() == "unpaid" else {
                    throw start.stop(.unknownValue, "a payment is so many days late (0: in time), or \"unpaid\"", "write a whole number, or \"unpaid\"")
                }
                return CustomerFacts.unpaid
            }
            let days = try reader.double()
            guard let days = Int32(exactly: days), (0...3_660).contains(days) else {
                throw start.outOfRange("a payment is a whole number of days late, from 0 (in time) to 3660", "write 0, 12, or \"unpaid\"", at: start.at)
            }
            return days
        }
    }

    private mutating func months<Value>(_ name: String, _ value: (inout JSONReader) throws(JSONStop) -> Value) throws(JSONStop) -> [Int32: Value] {
        guard try next() == 0x7B else { throw wrongType("months and their values, like {\"2026-10\":…}") }
        try openObject()
        var found: [Int32: Value] = [:]
        var isFirst = true
        while let key = try nextKey(&isFirst) {
            let offset = key.start - 1
            let text = try string(key)
            guard let month = Self.month(text) else {
                throw JSONStop(code: .unknownValue, offset: offset, message: "'\(clipped(text, to: 40))' is no month", suggestion: "write it like 2026-10")
            }
            guard found.updateValue(try value(&self), forKey: month) == nil else { throw JSONKeys.duplicate(text, at: offset) }
            guard found.count <= Self.monthsMax else {
                throw JSONStop(code: .tooMany, offset: offset, message: "'\(name)' has more than \(Self.monthsMax) months", suggestion: "send those of the last three years")
            }
            skipSpace()
        }
        return found
    }

    /// `2026-10` -> 202610
    private static func month(_ text: String) -> Int32? {
        let bytes = Array(text.utf8)
        guard bytes.count == 7, bytes[4] == UInt8(ascii: "-"), bytes.enumerated().allSatisfy({ $0.offset == 4 || (0x30...0x39).contains($0.element) }),
            let year = Int32(text.prefix(4)), let month = Int32(text.suffix(2)), (1990...2199).contains(year), (1...12).contains(month)
        else { return nil }
        return year * 100 + month
    }
}

/// `202610` -> `2026-10`
package func monthText(_ month: Int32) -> String { "\(month / 100)-\(month % 100 < 10 ? "0" : "")\(month % 100)" }
