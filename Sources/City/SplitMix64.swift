package import Domain

/// The city's dice: Steele, Lea and Flood's SplitMix64 (2014). The same seed throws the same numbers on every machine.
package struct SplitMix64: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 0 up to, not including, 1: the upper 53 bits.
    package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A whole number of the range, both ends included.
    package mutating func whole(_ range: ClosedRange<Int>) -> Int {
        let span = UInt64(range.upperBound - range.lowerBound) + 1
        return range.lowerBound + Int(next().multipliedFullWidth(by: span).high)
    }

    package mutating func real(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + unit() * (range.upperBound - range.lowerBound)
    }

    package mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    package mutating func span(_ range: ClosedRange<TimeSpan>) -> TimeSpan {
        TimeSpan(milliseconds: Int64(whole(Int(range.lowerBound.milliseconds)...Int(range.upperBound.milliseconds))))
    }

    /// One of a list that is not empty.
    package mutating func one<T>(of list: [T]) -> T { list[whole(0...(list.count - 1))] }

    /// One of a list, each with its weight (not negative, not all zero).
    package mutating func one<T>(of list: [T], by weight: (T) -> Int) -> T {
        var left = whole(0...(list.reduce(0) { $0 + weight($1) } - 1))
        for element in list {
            left -= weight(element)
            if left < 0 { return element }
        }
        return list[list.count - 1]
    }
}
