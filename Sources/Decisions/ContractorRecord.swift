// What has become of a contractor or a supplier, and what that makes of its tier. Pure: the record, the rules and an instant in, the record out.
//
//                        at least `at_least` jobs in the window
//    begin ──────────────────────────────────────────────────────────▶ rated: up at cut-off + margin, down below cut-off - margin
//      │                                                                   │                      ▲
//      └──────────── accident, fraud, exclusion, no valid licence ─────────┘                      │ `at_least` jobs since
//                                        ▼                                                        │
//                                   the lowest ── rectified, exclusion over ──▶ the tier above the lowest
//                                        └─────── licence renewed ─────────────▶ by its scores, or `begin`
//
// A suspension takes no tier away: it keeps work away until it ends. Fewer jobs than `at_least` say nothing: the tier stays as it is.
// After a rectification the jobs from before have been answered for and count no more.
//
// A rating is in whole hundredths of a point. Each job: the mean of the scores that it has, by their weights; all jobs: the mean of those, each
// the same. Both are rounded to the nearest hundredth, halves up.

package import Domain
package import Rules

package struct ScoredJob: Sendable, Hashable {
    package var job: String
    /// When it was finished.
    package var at: Instant
    /// In hundredths of a point, in byte order of the names.
    package var scores: [Score]

    package struct Score: Sendable, Hashable {
        package var name: String
        package var hundredths: Int32
        package init(_ name: String, _ hundredths: Int32) {
            self.name = name
            self.hundredths = hundredths
        }
    }

    package init(job: String, at: Instant, scores: [Score]) {
        self.job = job
        self.at = at
        self.scores = scores
    }

    /// The mean of the scores that count; nil: none does.
    package func mean(_ weights: [Ratings.Weight]) -> Int32? {
        var sum: Int64 = 0
        var weight: Int64 = 0
        for one in weights where one.weight > 0 {
            guard let score = scores.first(where: { $0.name == one.score }) else { continue }
            sum += Int64(one.weight) * Int64(score.hundredths)
            weight += Int64(one.weight)
        }
        return weight > 0 ? Int32(roundedHalfUp(sum, by: weight)) : nil
    }
}

/// A barring, from when, and until when: nil: until it is lifted.
package struct Barring: Sendable, Hashable {
    package var since: Instant
    package var until: Instant?
    package init(since: Instant, until: Instant?) {
        self.since = since
        self.until = until
    }

    func holds(at now: Instant) -> Bool { until.map { now < $0 } ?? true }
}

/// What is known of a contractor or supplier beyond the roster: one row of the state.
package struct ContractorRecord: Sendable, Hashable {
    package var id: ContractorID
    package var tier: String
    /// The reasons of the last change of tier, in figures; empty: there was none.
    package var why: String
    /// When it came into its tier.
    package var since: Instant
    /// In hundredths of a point; nil: too few jobs.
    package var rating: Int32?
    /// Its tier was given by its scores before: it is left with a margin only.
    package var isRated: Bool
    /// It is in the lowest tier whatever its scores are.
    package var isForced: Bool
    /// The jobs of the window, oldest first; at most `jobsMax`, the newest.
    package var jobs: [ScoredJob]
    /// When what was wrong had been put right: jobs finished before do not count.
    package var rectifiedAt: Instant?
    /// A serious accident, or fraud, that has not been put right.
    package var accident: Instant?
    package var fraud: Instant?
    package var excluded: Barring?
    package var suspended: Barring?
    /// It takes its turns: it has a share, a licence, and nothing bars it.
    package var isIn: Bool
    /// Grows by a turn with each job that it is given; whoever has the least after its next turn is next.
    package var counter: Int64
    /// Jobs that it was given and did not decline.
    package var awarded: Int64
    package var done: Int64

    package static let jobsMax = 500

    package init(id: ContractorID, tier: String, since: Instant) {
        self.id = id
        self.tier = tier
        why = ""
        self.since = since
        rating = nil
        isRated = false
        isForced = false
        jobs = []
        rectifiedAt = nil
        accident = nil
        fraud = nil
        excluded = nil
        suspended = nil
        isIn = false
        counter = 0
        awarded = 0
        done = 0
    }

    /// Puts a job among the others, in the place of one of the same name. Returns whether there was one.
    mutating func take(_ job: ScoredJob) -> Bool {
        let before = jobs.count
        jobs.removeAll { $0.job == job.job }
        let isKnown = jobs.count < before
        let place = jobs.firstIndex { (job.at, job.job) < ($0.at, $0.job) } ?? jobs.count
        jobs.insert(job, at: place)
        if jobs.count > Self.jobsMax { jobs.removeFirst(jobs.count - Self.jobsMax) }
        return isKnown
    }

    /// The jobs that count, each with its mean.
    func counted(_ weights: [Ratings.Weight]) -> [(job: ScoredJob, mean: Int32)] {
        jobs.compactMap { job in
            if let rectifiedAt, job.at < rectifiedAt { return nil }
            return job.mean(weights).map { (job, $0) }
        }
    }

    /// The instant after `clock` at which it may come to stand otherwise without anything being said of it.
    func nextDue(_ contractor: Contractor, _ book: ContractorBook, after clock: Instant, in zone: TimeZoneRules) -> Instant? {
        var next: Instant?
        for at in [
            suspended?.until, excluded?.until, jobs.first.map { $0.at + book.ratings.window },
            contractor.isSupplier ? nil : book.nextLicenceChange(of: contractor, after: clock, in: zone),
        ] {
            guard let at else { continue }
            next = next.map { min($0, at) } ?? at
        }
        return next
    }
}

/// `sum / count`, halves up; both at least 0.
func roundedHalfUp(_ sum: Int64, by count: Int64) -> Int64 { (2 * sum + count) / (2 * count) }

/// What a look at a record at an instant has changed.
struct Reassessment {
    var record: ContractorRecord
    /// A suspension, or an exclusion, has run out.
    var suspensionOver = false
    var exclusionOver = false
    /// The reasons, where the tier is another one.
    var newTier: String?
}

extension ContractorRecord {
    /// The record as it stands at `now`: what has run out is gone, and the tier is the one that follows.
    func reassessed(_ contractor: Contractor, _ book: ContractorBook, at now: Instant, in zone: TimeZoneRules) -> Reassessment {
        let ratings = book.ratings
        var result = Reassessment(record: self)
        var row: ContractorRecord {
            get { result.record }
            _modify { yield &result.record }
        }
        if let barring = suspended, !barring.holds(at: now) {
            row.suspended = nil
            result.suspensionOver = true
        }
        if let barring = excluded, !barring.holds(at: now) {
            row.excluded = nil
            row.rectifiedAt = barring.until ?? now
            result.exclusionOver = true
        }
        row.jobs.removeAll { $0.at + ratings.window <= now }

        let weights = ratings.weights(of: contractor)
        let counted = row.counted(weights)
        row.rating = counted.count >= ratings.atLeast ? Int32(roundedHalfUp(counted.reduce(0) { $0 + Int64($1.mean) }, by: Int64(counted.count))) : nil

        let isLapsed = book.isLapsed(contractor, on: zone.date(at: now))
        let forced = row.forcedBy(isLapsed: isLapsed, in: zone)
        if forced != nil {
            row.tier = ratings.lowest
            row.isRated = false
        } else if let rating = row.rating {
            row.tier = row.isRated ? Self.tier(of: rating, from: tier, ratings) : Self.tier(of: rating, ratings)
            row.isRated = true
        } else if isForced {
            // Back from the lowest: what was put right begins below the newcomers.
            row.tier = row.rectifiedAt == nil ? ratings.begin : Self.lower(ratings.begin, ratings.afterRectification, ratings)
            row.isRated = false
        } else if ratings.place(of: tier) == nil {
            row.tier = ratings.begin
        }
        row.isForced = forced != nil
        if row.tier != tier {
            row.since = now
            var reasons: [String] = forced.map { [$0] } ?? []
            if forced == nil, isForced { reasons.append(row.rectifiedAt == nil ? "licence valid again" : "begins anew") }
            reasons.append(Self.figures(counted, weights, ratings, now, zone))
            row.why = "\(Self.short(tier, rating)) → \(Self.short(row.tier, row.rating)): \(reasons.joined(separator: "; "))"
            result.newTier = row.why
        }
        let isBarred = row.suspended != nil || row.excluded != nil || isLapsed
        row.isIn = !contractor.isSupplier && !isBarred && ratings.share(of: row.tier) > 0
        return result
    }

    /// What puts it into the lowest tier whatever its scores are; nil: nothing does.
    private func forcedBy(isLapsed: Bool, in zone: TimeZoneRules) -> String? {
        var reasons: [String] = []
        if let accident { reasons.append("serious accident on \(zone.date(at: accident)), not rectified") }
        if let fraud { reasons.append("fraud on \(zone.date(at: fraud)), not rectified") }
        if let excluded { reasons.append("excluded \(excluded.until.map { "until \(zone.date(at: $0))" } ?? "for good")") }
        if isLapsed { reasons.append("no valid licence for any of its works") }
        return reasons.isEmpty ? nil : reasons.joined(separator: ", ")
    }

    /// The tier of a rating as the cut-offs have it.
    static func tier(of rating: Int32, _ ratings: Ratings) -> String {
        ratings.tiers.first { rating >= Int32($0.cutOff) * 100 }?.name ?? ratings.lowest
    }

    /// The same for one who is in a tier: up at the cut-off and the margin (at most 100 points), down below the cut-off without it.
    static func tier(of rating: Int32, from tier: String, _ ratings: Ratings) -> String {
        guard let place = ratings.place(of: tier) else { return Self.tier(of: rating, ratings) }
        if let up = ratings.tiers[..<place].first(where: { rating >= Int32(min(100, $0.cutOff + ratings.margin)) * 100 }) { return up.name }
        return ratings.tiers[place...].first { rating >= Int32($0.cutOff - ratings.margin) * 100 }?.name ?? ratings.lowest
    }

    private static func lower(_ a: String, _ b: String, _ ratings: Ratings) -> String {
        (ratings.place(of: a) ?? 0) >= (ratings.place(of: b) ?? 0) ? a : b
    }

    private static func short(_ tier: String, _ rating: Int32?) -> String { rating.map { "\(tier) \(points($0))" } ?? tier }

    /// `quality 95.0, safety 80.0; 7 jobs since 2025-11-23`
    private static func figures(
        _ counted: [(job: ScoredJob, mean: Int32)], _ weights: [Ratings.Weight], _ ratings: Ratings, _ now: Instant, _ zone: TimeZoneRules
    ) -> String {
        guard let first = counted.first else { return "no job counts" }
        let means = Self.means(counted.map(\.job), weights).map { "\($0.name) \(points($0.hundredths))" }
        return "\(means.joined(separator: ", ")); \(counted.count) job\(counted.count == 1 ? "" : "s") since \(zone.date(at: first.job.at))"
    }

    /// The mean of each score that counts, over the jobs that have it; in the order of the weights.
    static func means(_ jobs: [ScoredJob], _ weights: [Ratings.Weight]) -> [ScoredJob.Score] {
        weights.compactMap { weight in
            let scores = jobs.compactMap { job in job.scores.first { $0.name == weight.score }?.hundredths }
            guard weight.weight > 0, !scores.isEmpty else { return nil }
            return ScoredJob.Score(weight.score, Int32(roundedHalfUp(scores.reduce(0) { $0 + Int64($1) }, by: Int64(scores.count))))
        }
    }
}

/// Hundredths as points: `91.4`, `87.95`, `90.0`.
func points(_ hundredths: Int32) -> String {
    let rest = hundredths % 100
    return "\(hundredths / 100)." + (rest % 10 == 0 ? "\(rest / 10)" : "\(rest / 10)\(rest % 10)")
}
