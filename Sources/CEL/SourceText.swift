/// An expression's text as bytes, and the way from bytes to characters: the lexer counts bytes, people count characters.
struct SourceText {
    let bytes: [UInt8]
    /// For each byte the number of the character it belongs to, and one more for the end; empty when every byte is a character.
    private let characters: [Int32]

    init(_ text: String) {
        bytes = Array(text.utf8)
        // CR LF is one character, hence not plain.
        let isPlain = bytes.allSatisfy { $0 < 0x80 && $0 != 0x0D }
        if isPlain {
            characters = []
        } else {
            var map: [Int32] = []
            map.reserveCapacity(bytes.count + 1)
            var number: Int32 = 0
            for character in text {
                for _ in character.utf8 { map.append(number) }
                number += 1
            }
            map.append(number)
            characters = map
        }
    }

    /// The characters that a range of bytes touches.
    func span(_ start: Int, _ end: Int) -> Span {
        if characters.isEmpty { return Span(start: start, end: end) }
        let first = Int(characters[start])
        return Span(start: first, end: end > start ? Int(characters[end - 1]) + 1 : first)
    }

    /// The text of a range of bytes.
    func text(_ start: Int, _ end: Int) -> String {
        String(decoding: bytes[start..<end], as: UTF8.self)
    }
}
