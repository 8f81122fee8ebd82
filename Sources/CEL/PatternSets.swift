/// A set of Unicode scalars: ranges, general categories, perhaps turned round, perhaps without regard to case.
struct ScalarSet: Hashable, Sendable {
    /// Sorted, without overlaps.
    private(set) var ranges: [ClosedRange<UInt32>] = []
    /// One bit for each general category. The categories together are all scalars.
    private var categories: UInt32 = 0
    /// Each is all scalars but those that have themselves, or in another case, one of the categories: `(?i)\P{Lu}`.
    private var excluded: [UInt32] = []
    private var isNegated = false
    private var ignoresCase = false
    /// The answers for ASCII, worked out once.
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(
        ranges: [ClosedRange<UInt32>], categories: UInt32 = 0, excluded: [UInt32] = [], negated: Bool = false, ignoringCase: Bool = false
    ) {
        self.ranges = Self.merged(ignoringCase ? Self.folded(ranges) : ranges)
        self.categories = categories
        self.excluded = excluded
        isNegated = negated
        // For ASCII the folded ranges say it all; for others the scalar's own cases are asked, too.
        ignoresCase = ignoringCase && (categories != 0 || ranges.contains { $0.upperBound >= 0x80 })
        if categories == 0, excluded.isEmpty, !ignoresCase {
            for range in self.ranges where range.lowerBound < 128 {
                let wide = Self.bits(through: min(range.upperBound, 127)), before = range.lowerBound == 0 ? (0, 0) : Self.bits(through: range.lowerBound - 1)
                low |= wide.0 & ~before.0
                high |= wide.1 & ~before.1
            }
            if isNegated { (low, high) = (~low, ~high) }
            return
        }
        for value in 0..<UInt32(64) where asciiContains(value) { low |= 1 << UInt64(value) }
        for value in 64..<UInt32(128) where asciiContains(value) { high |= 1 << UInt64(value - 64) }
    }

    /// A bit for each ASCII character up to `last`.
    private static func bits(through last: UInt32) -> (UInt64, UInt64) {
        last < 64 ? (~0 >> UInt64(63 - last), 0) : (~0, ~0 >> UInt64(127 - last))
    }

    /// As `slowContains`, for ASCII: the other case is one bit away.
    private func asciiContains(_ value: UInt32) -> Bool {
        let isLetter = (0x61...0x7A).contains(value | 0x20)
        return (isOutside(value) || base(value) || (ignoresCase && isLetter && base(value ^ 0x20))) != isNegated
    }

    /// The long s and the Kelvin sign: the only other scalars whose case leads to an ASCII letter.
    private static let asciiKin: [(letter: UInt32, kin: UInt32)] = [(0x73, 0x17F), (0x6B, 0x212A)]

    /// Kin by simple case folding that simple case mapping does not lead to from both sides.
    private static let foldingKin: [UInt32: UInt32] = [
        0xDF: 0x1E9E, 0x1E9E: 0xDF, 0x390: 0x1FD3, 0x1FD3: 0x390, 0x3B0: 0x1FE3, 0x1FE3: 0x3B0, 0xFB05: 0xFB06, 0xFB06: 0xFB05,
    ]

    @inline(__always)
    func contains(_ value: UInt32) -> Bool {
        if value < 64 { return low >> UInt64(value) & 1 == 1 }
        if value < 128 { return high >> UInt64(value - 64) & 1 == 1 }
        return slowContains(value)
    }

    private func slowContains(_ value: UInt32) -> Bool {
        var isIn = isOutside(value) || base(value)
        if !isIn, ignoresCase, let scalar = Unicode.Scalar(value) {
            for other in Self.caseVariants(of: scalar) where base(other) {
                isIn = true
                break
            }
        }
        return isIn != isNegated
    }

    private func isOutside(_ value: UInt32) -> Bool {
        guard !excluded.isEmpty, let scalar = Unicode.Scalar(value) else { return false }
        var mask = UInt32(1) << Self.bit(of: scalar.properties.generalCategory)
        for variant in Self.caseVariants(of: scalar) {
            if let other = Unicode.Scalar(variant) { mask |= 1 << Self.bit(of: other.properties.generalCategory) }
        }
        return excluded.contains { $0 & mask == 0 }
    }

    private func base(_ value: UInt32) -> Bool {
        var (first, last) = (0, ranges.count)
        while first < last {
            let middle = (first + last) / 2
            if ranges[middle].upperBound < value { first = middle + 1 } else { last = middle }
        }
        if first < ranges.count, ranges[first].contains(value) { return true }
        guard categories != 0, let scalar = Unicode.Scalar(value) else { return false }
        return categories >> Self.bit(of: scalar.properties.generalCategory) & 1 == 1
    }

    static func merged(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var out: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = out.last, range.lowerBound <= last.upperBound &+ 1 {
                out[out.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                out.append(range)
            }
        }
        return out
    }

    static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var out: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in merged(ranges) {
            if range.lowerBound > next { out.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { out.append(next...0x10FFFF) }
        return out
    }

    // MARK: - Case

    /// How many scalars `folded` looks at.
    static func foldingWork(_ ranges: [ClosedRange<UInt32>]) -> Int {
        ranges.reduce(0) { $0 + ($1.count <= 4096 ? $1.count : 0) }
    }

    /// Small ranges with the other cases of their scalars: those whose own case does not lead back (the Kelvin sign).
    private static func folded(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var out = ranges
        for range in ranges where range.count <= 4096 {
            for value in range {
                guard let scalar = Unicode.Scalar(value) else { continue }
                for variant in caseVariants(of: scalar) { out.append(variant...variant) }
                for (letter, kin) in asciiKin where value | 0x20 == letter { out.append(kin...kin) }
            }
        }
        return out
    }

    /// The scalar's other cases by simple mapping. The dotted and the dotless i have none (simple case folding keeps them apart).
    private static func caseVariants(of scalar: Unicode.Scalar) -> [UInt32] {
        if scalar.value == 0x130 || scalar.value == 0x131 { return [] }
        let (lower, upper) = (single(scalar.properties.lowercaseMapping), single(scalar.properties.uppercaseMapping))
        var out: [UInt32] = foldingKin[scalar.value].map { [$0] } ?? []
        for variant in [lower, upper] {
            guard let variant, variant != scalar else { continue }
            out.append(variant.value)
            for again in [single(variant.properties.lowercaseMapping), single(variant.properties.uppercaseMapping)] {
                if let again { out.append(again.value) }
            }
        }
        return out
    }

    private static func single(_ text: String) -> Unicode.Scalar? {
        text.unicodeScalars.count == 1 ? text.unicodeScalars.first : nil
    }

    // MARK: - Named sets

    static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    static let words: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
    static let spaces: [ClosedRange<UInt32>] = [0x09...0x0A, 0x0C...0x0D, 0x20...0x20]
    static let all: [ClosedRange<UInt32>] = [0...0x10FFFF]
    static let allButNewline: [ClosedRange<UInt32>] = [0...0x09, 0x0B...0x10FFFF]

    /// `[[:alpha:]]` and its kin: ASCII only.
    static let posix: [String: [ClosedRange<UInt32>]] = [
        "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A], "alpha": [0x41...0x5A, 0x61...0x7A], "ascii": [0...0x7F],
        "blank": [0x09...0x09, 0x20...0x20], "cntrl": [0...0x1F, 0x7F...0x7F], "digit": digits, "graph": [0x21...0x7E],
        "lower": [0x61...0x7A], "print": [0x20...0x7E], "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
        "space": [0x09...0x0D, 0x20...0x20], "upper": [0x41...0x5A], "word": words, "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
    ]

    /// The general categories that a name such as `L`, `Lu` or `Nd` stands for; nil for other names.
    static func categories(named name: String) -> UInt32? {
        if name == "Any" { return ~0 }
        var mask: UInt32 = 0
        for (category, code) in codes where code == name || (name.utf8.count == 1 && code.hasPrefix(name)) {
            mask |= 1 << bit(of: category)
        }
        return mask == 0 ? nil : mask
    }

    private static let codes: [(Unicode.GeneralCategory, String)] = [
        (.uppercaseLetter, "Lu"), (.lowercaseLetter, "Ll"), (.titlecaseLetter, "Lt"), (.modifierLetter, "Lm"), (.otherLetter, "Lo"),
        (.nonspacingMark, "Mn"), (.spacingMark, "Mc"), (.enclosingMark, "Me"), (.decimalNumber, "Nd"), (.letterNumber, "Nl"),
        (.otherNumber, "No"), (.connectorPunctuation, "Pc"), (.dashPunctuation, "Pd"), (.openPunctuation, "Ps"),
        (.closePunctuation, "Pe"), (.initialPunctuation, "Pi"), (.finalPunctuation, "Pf"), (.otherPunctuation, "Po"),
        (.mathSymbol, "Sm"), (.currencySymbol, "Sc"), (.modifierSymbol, "Sk"), (.otherSymbol, "So"), (.spaceSeparator, "Zs"),
        (.lineSeparator, "Zl"), (.paragraphSeparator, "Zp"), (.control, "Cc"), (.format, "Cf"), (.surrogate, "Cs"),
        (.privateUse, "Co"), (.unassigned, "Cn"),
    ]

    private static func bit(of category: Unicode.GeneralCategory) -> UInt32 {
        switch category {
        case .uppercaseLetter: 0
        case .lowercaseLetter: 1
        case .titlecaseLetter: 2
        case .modifierLetter: 3
        case .otherLetter: 4
        case .nonspacingMark: 5
        case .spacingMark: 6
        case .enclosingMark: 7
        case .decimalNumber: 8
        case .letterNumber: 9
        case .otherNumber: 10
        case .connectorPunctuation: 11
        case .dashPunctuation: 12
        case .openPunctuation: 13
        case .closePunctuation: 14
        case .initialPunctuation: 15
        case .finalPunctuation: 16
        case .otherPunctuation: 17
        case .mathSymbol: 18
        case .currencySymbol: 19
        case .modifierSymbol: 20
        case .otherSymbol: 21
        case .spaceSeparator: 22
        case .lineSeparator: 23
        case .paragraphSeparator: 24
        case .control: 25
        case .format: 26
        case .surrogate: 27
        case .privateUse: 28
        case .unassigned: 29
        @unknown default: 29
        }
    }

    /// Scripts that are at hand: Unicode's own ranges (Scripts.txt of Unicode 15).
    static let scripts: [String: [ClosedRange<UInt32>]] = [
        "Han": [
            0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005...0x3005, 0x3007...0x3007, 0x3021...0x3029, 0x3038...0x303B,
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFA6D, 0xFA70...0xFAD9, 0x16FE2...0x16FE3, 0x16FF0...0x16FF1,
            0x20000...0x2A6DF, 0x2A700...0x2B739, 0x2B740...0x2B81D, 0x2B820...0x2CEA1, 0x2CEB0...0x2EBE0, 0x2F800...0x2FA1D,
            0x30000...0x3134A, 0x31350...0x323AF,
        ],
        "Latin": [
            0x41...0x5A, 0x61...0x7A, 0xAA...0xAA, 0xBA...0xBA, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2B8, 0x2E0...0x2E4,
            0x1D00...0x1D25, 0x1D2C...0x1D5C, 0x1D62...0x1D65, 0x1D6B...0x1D77, 0x1D79...0x1DBE, 0x1E00...0x1EFF, 0x2071...0x2071,
            0x207F...0x207F, 0x2090...0x209C, 0x212A...0x212B, 0x2132...0x2132, 0x214E...0x214E, 0x2160...0x2188, 0x2C60...0x2C7F,
            0xA722...0xA787, 0xA78B...0xA7CA, 0xA7D0...0xA7D1, 0xA7D3...0xA7D3, 0xA7D5...0xA7D9, 0xA7F2...0xA7FF, 0xAB30...0xAB5A,
            0xAB5C...0xAB64, 0xAB66...0xAB69, 0xFB00...0xFB06, 0xFF21...0xFF3A, 0xFF41...0xFF5A, 0x10780...0x10785,
            0x10787...0x107B0, 0x107B2...0x107BA, 0x1DF00...0x1DF1E, 0x1DF25...0x1DF2A,
        ],
        "Greek": [
            0x370...0x373, 0x375...0x377, 0x37A...0x37D, 0x37F...0x37F, 0x384...0x384, 0x386...0x386, 0x388...0x38A, 0x38C...0x38C,
            0x38E...0x3A1, 0x3A3...0x3E1, 0x3F0...0x3FF, 0x1D26...0x1D2A, 0x1D5D...0x1D61, 0x1D66...0x1D6A, 0x1DBF...0x1DBF,
            0x1F00...0x1F15, 0x1F18...0x1F1D, 0x1F20...0x1F45, 0x1F48...0x1F4D, 0x1F50...0x1F57, 0x1F59...0x1F59, 0x1F5B...0x1F5B,
            0x1F5D...0x1F5D, 0x1F5F...0x1F7D, 0x1F80...0x1FB4, 0x1FB6...0x1FC4, 0x1FC6...0x1FD3, 0x1FD6...0x1FDB, 0x1FDD...0x1FEF,
            0x1FF2...0x1FF4, 0x1FF6...0x1FFE, 0x2126...0x2126, 0xAB65...0xAB65, 0x10140...0x1018E, 0x101A0...0x101A0,
            0x1D200...0x1D245,
        ],
        "Cyrillic": [
            0x400...0x484, 0x487...0x52F, 0x1C80...0x1C88, 0x1D2B...0x1D2B, 0x1D78...0x1D78, 0x2DE0...0x2DFF, 0xA640...0xA69F,
            0xFE2E...0xFE2F, 0x1E030...0x1E06D, 0x1E08F...0x1E08F,
        ],
        "Hiragana": [0x3041...0x3096, 0x309D...0x309F, 0x1B001...0x1B11F, 0x1B132...0x1B132, 0x1B150...0x1B152, 0x1F200...0x1F200],
        "Katakana": [
            0x30A1...0x30FA, 0x30FD...0x30FF, 0x31F0...0x31FF, 0x32D0...0x32FE, 0x3300...0x3357, 0xFF66...0xFF6F, 0xFF71...0xFF9D,
            0x1AFF0...0x1AFF3, 0x1AFF5...0x1AFFB, 0x1AFFD...0x1AFFE, 0x1B000...0x1B000, 0x1B120...0x1B122, 0x1B155...0x1B155,
            0x1B164...0x1B167,
        ],
    ]
}
