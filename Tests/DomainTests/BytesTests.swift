import Domain
import Testing

/// The hand-made byte work of the hot path, beside the plain way to say the same.
@Suite struct BytesTests {
    /// Every lead byte, every second byte, the edges of the third and fourth: in the middle of a text and at its end.
    @Test func whatIsUTF8IsWhatTheLibraryTakes() {
        let edges: [UInt8] = [0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xFF]
        let around: [(before: String, after: String)] = [("", ""), ("断", "a"), ("a", "断线"), ("断线é", "电1234567"), ("12345678", "12345678")]
        var wrong = 0
        func check(_ middle: [UInt8], _ before: String, _ after: String) {
            let bytes = Array(before.utf8) + middle + Array(after.utf8)
            let found = bytes.withUnsafeBufferPointer { firstInvalidUTF8($0) }
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            // All before the fault is a text, and no more of it is.
            let isRightPlace =
                found.map { found in
                    String(validating: bytes[..<found], as: UTF8.self) != nil
                        && (1...min(4, bytes.count - found)).allSatisfy { String(validating: bytes[..<(found + $0)], as: UTF8.self) == nil }
                } ?? true
            guard (found == nil) != isValid || !isRightPlace else { return }
            wrong += 1
            if wrong < 10 { Issue.record("\(bytes): \(found.map(String.init) ?? "valid"), the library says \(isValid)") }
        }
        for lead in UInt8(0xC0)...0xFF {
            for second in UInt8(0)...0xFF {
                for third in edges {
                    let (before, after) = around[Int(lead &+ second &+ third) % around.count]
                    check([lead, second, third], before, after)
                    if lead >= 0xF0 || lead == 0xE4 { check([lead, second, third, edges[Int(second) % edges.count]], before, after) }
                }
            }
        }
        for (before, after) in around {
            for short: [UInt8] in [[], [0x80], [0xC3], [0xE4], [0xE4, 0xB8], [0xF0], [0xF0, 0x9F], [0xF0, 0x9F, 0x98]] { check(short, before, after) }
        }
        #expect(wrong == 0)
    }

    @Test func numbersAreWrittenAsTheLibraryDoes() {
        var writer = JSONWriter(capacity: 1)
        var expected: [String] = []
        let wholes: [Int] = [0, 1, -1, 9, 10, 99, 100, 1_000_000_007, .max, .min]
        let microdegrees: [Int32] = [0, 1, -1, 10, 500_000, 999_999, 1_000_000, -1_000_000, 28_012_340, -120_655_001, 180_000_000, .max, .min]
        writer.array { list in
            for whole in wholes {
                list.int(whole)
                expected.append(String(whole))
            }
            list.int(UInt64.max)
            expected.append(String(UInt64.max))
            for number in microdegrees {
                list.microdegrees(number)
                let magnitude = number.magnitude
                var text = "\(number < 0 ? "-" : "")\(magnitude / 1_000_000)"
                if magnitude % 1_000_000 != 0 {
                    text += "." + String(String(1_000_000 + magnitude % 1_000_000).dropFirst())
                    while text.hasSuffix("0") { text.removeLast() }
                }
                expected.append(text)
            }
            for number in [0.5, -0.0, 1e300, .nan, -.infinity] {
                list.double(number)
                expected.append(number.isFinite ? number.description : "null")
            }
        }
        #expect(writer.text == "[" + expected.joined(separator: ",") + "]")
    }

    /// Room grows with what is written, whatever it began with.
    @Test func textsOfEveryLengthAreWrittenWhole() throws {
        for piece in ["a", "断", "\"", "\u{1}", "\n", "😀x"] {
            var writer = JSONWriter(capacity: 0)
            var expected: [String] = []
            writer.array { list in
                for length in [0, 1, 7, 8, 9, 62, 63, 64, 65, 130, 5_000] {
                    expected.append(String(repeating: piece, count: length))
                    list.string(expected.last ?? "")
                }
            }
            let read = try JSONValue.parse(writer.bytes)
            #expect(read.array?.map { $0.string ?? "" } == expected, "\(piece)")
            #expect(writer.text.utf8.elementsEqual(writer.bytes))
        }
    }
}
