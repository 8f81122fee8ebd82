/// A name that means one kind of thing only: a crew's name can't be passed where a department's is wanted.
package struct Identifier<Kind>: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let rawValue: String

    package init(_ rawValue: String) { self.rawValue = rawValue }

    package var description: String { rawValue }

    /// Byte order of the UTF-8 text, so that ties are broken alike on every machine.
    package static func < (a: Identifier, b: Identifier) -> Bool { a.rawValue < b.rawValue }

    package init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

package enum CrewKind {}
package enum DepartmentKind {}
package enum DistrictKind {}
package enum FeederKind {}
package enum TransformerKind {}
package enum CustomerKind {}
package enum SourceKind {}
package enum SkillKind {}
package enum RoleKind {}
package enum ContractorKind {}
package enum DeviceKind {}
package enum OutageKind {}

/// A crew (班组), as named in `crews:` of site.yaml.
package typealias CrewID = Identifier<CrewKind>
/// A department (部门), as named in `departments:`.
package typealias DepartmentID = Identifier<DepartmentKind>
/// A district (区), a declared value.
package typealias DistrictID = Identifier<DistrictKind>
/// A feeder (馈线) of the network register.
package typealias FeederID = Identifier<FeederKind>
/// A transformer area (台区) of the network register.
package typealias TransformerID = Identifier<TransformerKind>
/// A customer account (户号).
package typealias CustomerID = Identifier<CustomerKind>
/// Who sent an input: the sender's own word, or the name of the door it came through.
package typealias SourceID = Identifier<SourceKind>
/// A skill (技能), a declared value.
package typealias SkillID = Identifier<SkillKind>
/// A role that can be told something (`duty_manager`), or a person's code (`u-301`).
package typealias RoleID = Identifier<RoleKind>

/// A contractor (承包商) or an equipment supplier (供应商), as named in the rules.
package typealias ContractorID = Identifier<ContractorKind>
/// What sends readings: a transformer, a feeder, a district, or a device of the device register.
package typealias DeviceID = Identifier<DeviceKind>
/// A known interruption of supply (停电), as whoever announced it names it.
package typealias OutageID = Identifier<OutageKind>

/// A task's number: the local day it was made on and its number in that day. Text form `T-20261122-17`.
package struct TaskID: Hashable, Comparable, Sendable, CustomStringConvertible, Codable {
    /// The local date as a decimal number, 20261122.
    package let day: Int32
    /// From 1; the order of creation within the day.
    package let number: Int32

    package init(day: Int32, number: Int32) {
        self.day = day
        self.number = number
    }

    /// Reads `T-20261122-17`; nil for anything else (a leading zero too, so that one task has one name).
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "T", parts[1].utf8.count == 8, let day = Int32(parts[1]), day > 0,
            let number = Int32(parts[2]), number > 0, String(number) == parts[2], String(day) == parts[1]
        else { return nil }
        self.init(day: day, number: number)
    }

    /// No task at all.
    package static let none = TaskID(day: 0, number: 0)

    /// Day and number in one integer: the primary key in the store, and the order of creation.
    package var packed: Int64 { Int64(day) << 32 | Int64(number) }

    package init(packed: Int64) {
        self.init(day: Int32(truncatingIfNeeded: packed >> 32), number: Int32(truncatingIfNeeded: packed))
    }

    package var description: String { "T-\(day)-\(number)" }

    package static func < (a: TaskID, b: TaskID) -> Bool { a.packed < b.packed }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = TaskID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a task's number")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A case's number: the local day on which its application came in and its number in that day. Text form `C-20261122-3`.
package struct CaseID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The local date as a decimal number, 20261122.
    package let day: Int32
    /// From 1; the order of creation within the day.
    package let number: Int32

    package init(day: Int32, number: Int32) {
        self.day = day
        self.number = number
    }

    /// Reads `C-20261122-3`; nil for anything else.
    package init?(_ text: some StringProtocol) {
        guard text.first == "C", let task = TaskID("T" + text.dropFirst()) else { return nil }
        self.init(day: task.day, number: task.number)
    }

    /// Day and number in one integer: the primary key in the store, and the order of creation.
    package var packed: Int64 { Int64(day) << 32 | Int64(number) }

    package init(packed: Int64) {
        self.init(day: Int32(truncatingIfNeeded: packed >> 32), number: Int32(truncatingIfNeeded: packed))
    }

    /// No case.
    package static let none = CaseID(day: 0, number: 0)

    package var description: String { "C-\(day)-\(number)" }

    package static func < (a: CaseID, b: CaseID) -> Bool { a.packed < b.packed }
}
