/// A literal text that a field is compared with, worked out once so that an activation can compare where its texts are: none leaves it.
package struct TextLiteral: Sendable {
    let text: String
    /// In bytes.
    let count: Int
    let isASCII: Bool

    init(_ text: String) {
        self.text = text
        count = text.utf8.count
        isASCII = text.utf8.allSatisfy { $0 < 0x80 }
    }

    /// Whether the code points are the same. Swift's `==` also takes canonically equivalent texts for equal; none of the same length in
    /// bytes as an ASCII text is equivalent to it without being the same.
    package func equals(_ other: String) -> Bool {
        guard other.utf8.count == count else { return false }
        return isASCII ? other == text : other.utf8.elementsEqual(text.utf8)
    }

    /// An absent field is worth the empty text.
    package func equals(_ other: String?) -> Bool {
        guard let other else { return count == 0 }
        return equals(other)
    }
}

/// A list of literal texts that a field is looked for in.
package struct TextLiterals: Sendable {
    private let texts: [TextLiteral]
    /// For more than a handful, all of them ASCII.
    private let set: Set<String>?

    init(_ texts: [String]) {
        self.texts = texts.map(TextLiteral.init)
        set = texts.count > 8 && self.texts.allSatisfy(\.isASCII) ? Set(texts) : nil
    }

    package func contains(_ text: String) -> Bool {
        if let set {
            guard let index = set.firstIndex(of: text) else { return false }
            return set[index].utf8.count == text.utf8.count
        }
        for candidate in texts where candidate.equals(text) { return true }
        return false
    }

    /// An absent field is worth the empty text.
    package func contains(_ text: String?) -> Bool { contains(text ?? "") }
}
