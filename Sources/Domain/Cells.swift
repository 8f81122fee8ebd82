/// How wide text stands on a terminal.
package enum Cells {
    /// 2 for Chinese, Japanese, Korean, full-width forms and pictures (Unicode's East Asian Width W and F, by block), 0 for marks that
    /// stand on the character before, else 1.
    package static func width(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first?.value else { return 0 }
        switch scalar {
        case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F: return 0
        case ..<0x1100: return 1
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    package static func width(of text: some StringProtocol) -> Int { text.reduce(0) { $0 + width(of: $1) } }

    /// The text in at most so many cells; cut with `…`.
    package static func fit(_ text: String, to cells: Int) -> String {
        guard width(of: text) > cells else { return text }
        var used = 1
        var kept = ""
        for character in text {
            used += width(of: character)
            if used > cells { break }
            kept.append(character)
        }
        return cells > 0 ? kept + "…" : ""
    }

    package static func padded(_ text: String, to cells: Int, right: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, cells - width(of: text)))
        return right ? space + text : text + space
    }

    /// Breaks a text into lines of at most so many cells: at spaces, and anywhere in Chinese.
    package static func wrapped(_ text: String, to cells: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        for word in text.split(separator: " ", omittingEmptySubsequences: true) {
            var rest = Substring(word)
            if used > 0, used + 1 + width(of: rest) <= cells {
                line += " " + rest
                used += 1 + width(of: rest)
                continue
            }
            if used > 0 {
                lines.append(line)
                (line, used) = ("", 0)
            }
            while width(of: rest) > cells {
                var piece = ""
                while let next = rest.first, width(of: piece) + width(of: next) <= max(2, cells) {
                    piece.append(next)
                    rest.removeFirst()
                }
                // A number is not torn, and no line begins with a full stop: the last of the piece goes over with it.
                var back: [Character] = []
                while let last = piece.last, let next = back.last ?? rest.first, staysTogether(last, next), piece.count > 1, back.count < 12 {
                    back.append(piece.removeLast())
                }
                if piece.last.map({ last in (back.last ?? rest.first).map { staysTogether(last, $0) } ?? false }) ?? false {
                    // All of it holds together: then it is torn where it was.
                    piece += String(back.reversed())
                    back = []
                }
                rest = Substring(String(back.reversed()) + rest)
                lines.append(piece)
            }
            line = String(rest)
            used = width(of: rest)
        }
        return used > 0 || lines.isEmpty ? lines + [line] : lines
    }

    /// Whether no line may end between two characters.
    private static func staysTogether(_ left: Character, _ right: Character) -> Bool {
        "。，、；：！？）”》,.;:!?)".contains(right) || "（“《(".contains(left) || left.isASCII && right.isASCII && (left.isNumber || left.isLetter) && (right.isNumber || right.isLetter)
    }
}
