/// The keys of one object, to find the one that comes twice.
struct JSONKeys {
    private var few: [String] = []
    private var many: Set<String> = []
    private let max: Int

    init(_ max: Int) { self.max = max }

    /// Stops at a key that is there already, or at one too many.
    mutating func insert(_ key: JSONText, in reader: JSONReader) throws(JSONStop) { try insert(try reader.string(key), at: key.start - 1) }

    mutating func insert(_ name: String, at offset: Int) throws(JSONStop) {
        let isNew: Bool
        if many.isEmpty, few.count < 16 {
            isNew = !few.contains(name)
            few.append(name)
        } else {
            if many.isEmpty { many = Set(few) }
            isNew = many.insert(name).inserted
        }
        guard isNew else { throw JSONKeys.duplicate(name, at: offset) }
        guard Swift.max(few.count, many.count) <= max else {
            throw JSONStop(code: .tooMany, offset: offset, message: "more than \(max) keys in one object", suggestion: nil)
        }
    }

    func contains(_ name: String) -> Bool { few.contains(name) || many.contains(name) }

    static func duplicate(_ name: String, at offset: Int) -> JSONStop {
        JSONStop(
            code: .duplicateKey, offset: offset, message: "the key '\(clipped(name, to: 40))' stands here twice", suggestion: "keep one of them", member: name)
    }
}
