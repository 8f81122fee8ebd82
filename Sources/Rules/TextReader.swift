import Domain

/// Reads `texts`: what customers read about where things stand.
struct TextReader {
    let reader: FileReader

    static let example = "stage_done:\n  zh: 申请 {case} 的“{stage}”环节已完成。\n  en: \"{case}: {stage} is done.\""

    /// - Parameter known: those that were read before, with their places.
    func read(_ node: Node, _ known: inout [TextName: (text: Translation, place: String)]) {
        guard let block = reader.block(node, Keys.texts, example: Self.example) else { return }
        for name in TextName.allCases {
            guard let node = block[name.rawValue] else { continue }
            let range = block.keyRanges[name.rawValue] ?? reader.place(node)
            if let first = known[name] {
                reader.error(range, .duplicateName("the text", name.rawValue, place: first.place))
                continue
            }
            guard reader.inBlockStyle(node, "a text", example: Self.example), let languages = reader.block(node, Keys.text, example: Self.example) else { continue }
            var text = name.standard
            for (language, standard) in [("zh", text.chinese), ("en", text.english)] where !languages.has(language) {
                reader.findings.warning(reader.file, range, .halfText(name.rawValue, language, standard))
            }
            if let chinese = languages["zh"].flatMap({ self.text($0, "zh", name) }) { text.chinese = chinese }
            if let english = languages["en"].flatMap({ self.text($0, "en", name) }) { text.english = english }
            known[name] = (text, "\(reader.source.name):\(reader.line(of: range))")
        }
    }

    private func text(_ node: Node, _ language: String, _ name: TextName) -> String? {
        text(node, language, of: name.rawValue, known: name.placeholders)
    }

    /// - Parameter known: the words in braces that it may have.
    func text(_ node: Node, _ language: String, of name: String, known: [String]) -> String? {
        guard let text = reader.text(node, language, example: Self.example) else { return nil }
        var isRight = true
        let map = ScalarMap(node, in: reader.source)
        for case .placeholder(let word, let place) in TextCatalogue.parts(of: text) where !known.contains(word) {
            isRight = false
            reader.error(
                map.range(characters: place..<(place + word.count + 2)),
                .unknownPlaceholder(word, of: name, known: known, suggestion: reader.near(word, among: known)))
        }
        // A brace that has no partner would stand in the customer's text.
        var at = 0
        for part in TextCatalogue.parts(of: text) {
            switch part {
            case .placeholder(let word, let place): at = place + word.count + 2
            case .text(let plain):
                if let brace = plain.firstIndex(where: { $0 == "{" || $0 == "}" }) {
                    isRight = false
                    let place = at + plain.distance(from: plain.startIndex, to: brace)
                    reader.error(map.range(characters: place..<(place + 1)), .loneBrace(String(plain[brace]), known: known))
                }
                at += plain.count
            }
        }
        return isRight ? text : nil
    }
}

extension Keys {
    static let texts = Keys("'texts'", names: TextName.allCases.map { ($0.rawValue, "\($0.rawValue):\n  zh: \($0.standard.chinese)\n  en: \"\($0.standard.english)\"") })
    static let text = Keys("a text", ["zh": "zh: 申请 {case} 已办结。", "en": "en: Your application {case} is completed."])
}

extension Wording {
    static func halfText(_ name: String, _ language: String, _ standard: String) -> Wording {
        Wording(
            .halfText, "'\(name)' has no '\(language)': who reads \(language == "zh" ? "Chinese" : "English") gets the text that the program brings along",
            example: "\(language): \"\(standard)\"")
    }
    static func loneBrace(_ brace: String, known: [String]) -> Wording {
        Wording(
            .unknownPlaceholder, "this '\(brace)' has no partner, and customers would read it; words in braces are \(known.isEmpty ? "none here" : known.map { "{\($0)}" }.joined(separator: ", "))")
    }
    static func unknownPlaceholder(_ word: String, of text: String, known: [String], suggestion: String?) -> Wording {
        let words = known.map { "{\($0)}" }
        return Wording(
            .unknownPlaceholder, "'\(text)' knows no word {\(word.prefix(40))}; " + (words.isEmpty ? "it has none" : "there \(words.count == 1 ? "is" : "are") \(words.joined(separator: ", "))"),
            suggestion: suggestion.map { "{\($0)}" })
    }
}
