/// One text in both languages of the house.
package struct Translation: Hashable, Sendable {
    package var chinese: String
    package var english: String

    package init(chinese: String, english: String) {
        self.chinese = chinese
        self.english = english
    }

    /// The same in both: a number, a code.
    package init(_ text: String) { self.init(chinese: text, english: text) }
}
