// Who builds for the utility: contractors (施工单位) with their licences, equipment suppliers (设备供应商), the kinds of works there are, and how
// both are rated. What has become of them, their scores and their tiers, is state: `ContractorRecord`.

package import Domain

/// What a licence (承装（修、试）电力设施许可证) allows.
package enum LicenceKind: String, Sendable, Hashable, CaseIterable {
    /// 承装
    case install
    /// 承修
    case repair
    /// 承试
    case test

    package var name: Translation {
        switch self {
        case .install: Translation(chinese: "承装", english: "installation")
        case .repair: Translation(chinese: "承修", english: "repair")
        case .test: Translation(chinese: "承试", english: "testing")
        }
    }
}

package struct Licence: Sendable, Hashable {
    package var kind: LicenceKind
    /// 1 is the highest.
    package var level: Int
    /// Its first day; nil: always until then.
    package var from: CivilDate?
    /// Its last day.
    package var until: CivilDate
    package init(kind: LicenceKind, level: Int, from: CivilDate? = nil, until: CivilDate) {
        self.kind = kind
        self.level = level
        self.from = from
        self.until = until
    }

    package func isValid(on day: CivilDate) -> Bool { from.map { $0 <= day } ?? true && day <= until }
}

/// A kind of works, as `works:` declares it.
package struct Works: Sendable, Hashable {
    package var code: String
    package var chinese: String?
    package var english: String?
    /// What who does it must have; nil: anybody may.
    package var licence: LicenceKind?
    /// The lowest level that will do; 1 is the highest.
    package var level: Int
    package init(code: String, chinese: String? = nil, english: String? = nil, licence: LicenceKind? = nil, level: Int = 3) {
        self.code = code
        self.chinese = chinese
        self.english = english
        self.licence = licence
        self.level = level
    }

    package func isCovered(by licence: Licence) -> Bool { licence.kind == self.licence && licence.level <= level }
}

/// A contractor or a supplier of the roster.
package struct Contractor: Sendable, Hashable {
    package var id: ContractorID
    package var name: String?
    package var english: String?
    /// Supplies equipment and builds nothing: rated, never given work.
    package var isSupplier: Bool
    /// Of a contractor: the kinds of works that it does; of a supplier: what it supplies. As the file has them, none twice.
    package var works: [String]
    package var licences: [Licence]
    /// How it is told; nil: the default channel.
    package var channel: String?
    package init(
        id: ContractorID, name: String? = nil, english: String? = nil, isSupplier: Bool = false, works: [String] = [], licences: [Licence] = [],
        channel: String? = nil
    ) {
        self.id = id
        self.name = name
        self.english = english
        self.isSupplier = isSupplier
        self.works = works
        self.licences = licences
        self.channel = channel
    }

    /// The name that people read, in both languages.
    package var names: Translation { Translation(chinese: name ?? english ?? id.rawValue, english: english ?? name ?? id.rawValue) }
}

/// How contractors and suppliers are rated, and what that is worth (`ratings:`). Without the section: the figures of the shipped one.
package struct Ratings: Sendable, Hashable {
    package struct Weight: Sendable, Hashable {
        package var score: String
        package var weight: Int
        package init(_ score: String, _ weight: Int) {
            self.score = score
            self.weight = weight
        }
    }

    package struct Tier: Sendable, Hashable {
        package var name: String
        /// In points, 0 to 100; the last tier's is 0.
        package var cutOff: Int
        /// How much of the work, against the other tiers; 0: none.
        package var share: Int
        package init(_ name: String, from cutOff: Int, share: Int) {
            self.name = name
            self.cutOff = cutOff
            self.share = share
        }
    }

    /// In the order of the file: sums go by it.
    package var weights: [Weight]
    /// Of suppliers; nil: the same.
    package var supplierWeights: [Weight]?
    /// From the highest to the lowest; at least two.
    package var tiers: [Tier]
    /// The tier of a newcomer.
    package var begin: String
    /// Jobs finished in it count.
    package var window: TimeSpan
    /// In points: a tier is left upwards only so far above the next cut-off, and downwards only so far below its own.
    package var margin: Int
    /// So many jobs must be there before a rating says anything.
    package var atLeast: Int

    package init(
        weights: [Weight] = [.init("quality", 30), .init("safety", 25), .init("schedule", 20), .init("service", 15), .init("documents", 10)],
        supplierWeights: [Weight]? = nil,
        tiers: [Tier] = [.init("A", from: 90, share: 3), .init("B", from: 80, share: 2), .init("C", from: 60, share: 1), .init("D", from: 0, share: 0)],
        begin: String = "B", window: TimeSpan = .days(365), margin: Int = 2, atLeast: Int = 3
    ) {
        self.weights = weights
        self.supplierWeights = supplierWeights
        self.tiers = tiers
        self.begin = begin
        self.window = window
        self.margin = margin
        self.atLeast = atLeast
    }

    package func weights(of contractor: Contractor) -> [Weight] { contractor.isSupplier ? supplierWeights ?? weights : weights }

    /// The place of a tier, 0 the highest; nil: there is none of that name (any more).
    package func place(of tier: String) -> Int? { tiers.firstIndex { $0.name == tier } }

    package func share(of tier: String) -> Int { place(of: tier).map { tiers[$0].share } ?? 0 }

    /// The tier that nobody is below.
    package var lowest: String { tiers.last?.name ?? begin }

    /// The highest tier that somebody may have who has put right what was wrong: the one above the lowest.
    package var afterRectification: String { tiers.dropLast().last?.name ?? lowest }

    /// Wider ratios make no sense, and up to here the turns of a tier come out in whole numbers (`turn`).
    package static let shareMax = 20

    /// The least common multiple of 1 ... 20: each share divides it.
    package static let turn: Int64 = 232_792_560
}

/// All that the rules say of contractors and suppliers.
package struct ContractorBook: Sendable, Hashable {
    package var contractors: [ContractorID: Contractor]
    package var works: [String: Works]
    package var ratings: Ratings
    package init(contractors: [ContractorID: Contractor] = [:], works: [String: Works] = [:], ratings: Ratings = Ratings()) {
        self.contractors = contractors
        self.works = works
        self.ratings = ratings
    }

    /// In byte order.
    package var ids: [ContractorID] { contractors.keys.sorted() }

    /// The names of a kind of works.
    package func names(ofWorks code: String) -> Translation {
        let plain = code.replacing("_", with: " ")
        let works = works[code]
        return Translation(chinese: works?.chinese ?? works?.english ?? plain, english: works?.english ?? plain)
    }

    /// The licence of a contractor that covers a kind of works on a day, of several the one that ends last; nil: none does.
    package func licence(of contractor: Contractor, for works: Works, on day: CivilDate) -> Licence? {
        contractor.licences.filter { works.isCovered(by: $0) && $0.isValid(on: day) }.max { $0.until < $1.until }
    }

    /// Whether it may do a kind of works on a day, by law: works that ask for no licence anybody may do.
    package func isLicensed(_ contractor: Contractor, for code: String, on day: CivilDate) -> Bool {
        guard let works = works[code], works.licence != nil else { return true }
        return licence(of: contractor, for: works, on: day) != nil
    }

    /// None of the works that it is there for may it do on a day: its licences have run out, or have not begun.
    package func isLapsed(_ contractor: Contractor, on day: CivilDate) -> Bool {
        !contractor.isSupplier && !contractor.works.isEmpty && !contractor.works.contains { isLicensed(contractor, for: $0, on: day) }
    }

    /// The first local midnight after an instant at which a licence begins or has run out; nil: none does any more.
    package func nextLicenceChange(of contractor: Contractor, after instant: Instant, in zone: TimeZoneRules) -> Instant? {
        var next: Instant?
        for licence in contractor.licences {
            for day in [licence.from, licence.until.adding(days: 1)] {
                guard let at = day.map({ zone.instant(of: $0) }), at > instant else { continue }
                next = next.map { min($0, at) } ?? at
            }
        }
        return next
    }

    /// Whether anybody of the roster could ever do a kind of works: licences are looked at, their dates are not.
    func isAnybodyAble(_ code: String) -> Bool {
        contractors.values.contains { contractor in
            guard !contractor.isSupplier, contractor.works.contains(code) else { return false }
            guard let works = works[code], works.licence != nil else { return true }
            return contractor.licences.contains { works.isCovered(by: $0) }
        }
    }
}
