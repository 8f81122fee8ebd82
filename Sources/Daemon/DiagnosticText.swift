package import Rules

/// Diagnostics as an operator reads them: each with its source line and a caret.
package enum DiagnosticText {
    /// `FILE:LINE:COL: error[CODE]: TEXT`, one line each: for the journal.
    static func headlines(_ diagnostics: [Diagnostic], folder: String) -> [String] {
        diagnostics.map { diagnostic in
            diagnostic.human(sourceLine: nil, folder: folder).split(separator: "\n").first.map(String.init) ?? ""
        }
    }

    package static func human(_ diagnostics: [Diagnostic], source: RuleSource, folder: String) -> [String] {
        var lines: [String: [Substring]] = [:]
        return diagnostics.map { diagnostic in
            if lines[diagnostic.file] == nil, let file = source.files.first(where: { $0.name == diagnostic.file }) {
                lines[diagnostic.file] = String(decoding: file.bytes, as: UTF8.self)
                    .split(separator: "\n", omittingEmptySubsequences: false)
            }
            let text = lines[diagnostic.file] ?? []
            let line = diagnostic.line >= 1 && diagnostic.line <= text.count ? String(text[diagnostic.line - 1]) : nil
            return diagnostic.human(sourceLine: line, folder: folder)
        }
    }
}
