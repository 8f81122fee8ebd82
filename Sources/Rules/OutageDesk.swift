package import Domain

/// What the rules say of known interruptions of supply: who is told how long before, and what happens when work runs over its time.
package struct OutageDesk: Sendable, Hashable {
    /// One rule of `notices:`: so long before an outage of that type begins, these are told.
    package struct NoticeRule: Sendable, Hashable {
        /// `module.name`
        package var name: String
        package var file: String
        package var line: Int
        package var type: OutageType
        package var ahead: TimeSpan
        package var tells: [OutageRecipient]
        package init(name: String, file: String = "", line: Int = 0, type: OutageType, ahead: TimeSpan, tells: [OutageRecipient]) {
            self.name = name
            self.file = file
            self.line = line
            self.type = type
            self.ahead = ahead
            self.tells = tells
        }
    }

    /// Nobody has said that supply is back, and the time is over.
    package struct Overrun: Sendable, Hashable {
        package var tells: [OutageRecipient]
        /// Once more after each such time.
        package var again: TimeSpan
        /// After so long it counts as over all the same: who calls then gets a crew.
        package var giveUp: TimeSpan
        package init(tells: [OutageRecipient], again: TimeSpan, giveUp: TimeSpan) {
            self.tells = tells
            self.again = again
            self.giveUp = giveUp
        }
    }

    package enum Overlap: String, Sendable, Hashable, CaseIterable {
        /// The sender, the journal and the head of the department are told.
        case tell
        case refuse
    }

    /// The module that has the section, and the line of it; "": none has.
    package var module: String
    package var file: String
    package var line: Int
    package var notices: [NoticeRule]
    /// Whose desk it is: its head hears of what was announced too late. nil: the journal alone does.
    package var department: DepartmentID?
    /// Of two at one time in one place.
    package var overlaps: Overlap
    /// nil: an outage ends with its time.
    package var overrun: Overrun?

    package init(
        module: String = "", file: String = "", line: Int = 0, notices: [NoticeRule] = [], department: DepartmentID? = nil, overlaps: Overlap = .tell,
        overrun: Overrun? = nil
    ) {
        self.module = module
        self.file = file
        self.line = line
        self.notices = notices
        self.department = department
        self.overlaps = overlaps
        self.overrun = overrun
    }

    package var isEmpty: Bool { module.isEmpty }
    /// What stands in the journal as the rule of those who are told that work runs over.
    package var overrunRule: String { module + ".overrun" }

    package func notices(of type: OutageType) -> [NoticeRule] { notices.filter { $0.type == type } }
}

/// What a rule test went through of outages, for coverage.
package enum OutageMark: Sendable, Hashable {
    /// By the rule for notices of that name.
    case told(String)
    case shortNotice, overlap, overrun, givenUp
}

package enum OutageRecipient: Sendable, Hashable {
    case department(DepartmentID)
    case role(RoleID)
    /// 公告: the channel `public`.
    case everybody
    /// Of the customers there who have one.
    case accountManagers

    /// The name of the channel and of the recipient that stand for the public.
    package static let publicName = "public"
}
