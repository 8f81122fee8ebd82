package import Decisions
package import Domain
import HeapModule

/// Something that somebody outside of the house says: one input, as it comes to the door.
package struct Utterance: Sendable {
    package enum Kind: Sendable, Hashable {
        case report
        /// The platform sends a report a second time.
        case resend
        /// A report that cannot be right.
        case hopeless
        case customer
        /// An application at the counter, and what is handed in later.
        case application, document
        case progress(ProgressEvent)
        case duty
        case position
        /// What a device shows.
        case reading
        /// Planned work.
        case outage
    }

    package var at: Instant
    package var kind: Kind
    /// The sender's own id.
    package var id: String
    package var json: [UInt8]
}

/// How the crews of a world behave. Chances are of 0 ... 1; the rest of them accept.
package struct Behaviour: Sendable {
    package var rejects: Double
    /// Does not answer at all: its accept limit passes.
    package var silent: Double
    package var answer: ClosedRange<TimeSpan>
    package var setOff: ClosedRange<TimeSpan>
    package var kilometresPerHour: ClosedRange<Double>
    /// On the way a crew's device says where it is so often; nil: only on arrival.
    package var fixes: TimeSpan?
    /// A caller confirms so often, so that the task closes before its time.
    package var confirms: Double
    /// Whether it says each step, or only that it has arrived and that it is done (which imply the others).
    package var saysEachStep: Bool
    package var service: ServiceTime
    /// Stages that come to nothing the first time: an inspection that finds a fault.
    package var failsOnce: Set<String> = []

    /// How long the work on site takes.
    package enum ServiceTime: Sendable {
        case always(TimeSpan)
        /// By the task's category; `repair` stands for those that are not named.
        case byCategory([String: ClosedRange<TimeSpan>], otherwise: ClosedRange<TimeSpan>)
    }

    package init(
        rejects: Double, silent: Double, answer: ClosedRange<TimeSpan>, setOff: ClosedRange<TimeSpan>, kilometresPerHour: ClosedRange<Double>,
        fixes: TimeSpan?, confirms: Double, saysEachStep: Bool, service: ServiceTime, failsOnce: Set<String> = []
    ) {
        self.rejects = rejects
        self.silent = silent
        self.answer = answer
        self.setOff = setOff
        self.kilometresPerHour = kilometresPerHour
        self.fixes = fixes
        self.confirms = confirms
        self.saysEachStep = saysEachStep
        self.service = service
        self.failsOnce = failsOnce
    }

    /// Crews as they are: most accept within two minutes, some refuse, some sleep.
    package static let everyday = Behaviour(
        rejects: 0.04, silent: 0.03, answer: .seconds(15)...(.seconds(110)), setOff: .minutes(1)...(.minutes(3)),
        kilometresPerHour: 40...50, fixes: .minutes(5), confirms: 0.6, saysEachStep: true,
        service: .byCategory(
            ["line_down": .minutes(35)...(.minutes(80)), "sparking": .minutes(20)...(.minutes(50)), "fire": .minutes(30)...(.minutes(90))],
            otherwise: .minutes(15)...(.minutes(55))), failsOnce: ["completion_inspection"])

    /// The world of the storm baselines: off at once, 50 km/h, 60 minutes on site, nothing else.
    package static let storm = Behaviour(
        rejects: 0, silent: 0, answer: .zero ... .zero, setOff: .zero ... .zero, kilometresPerHour: 50...50, fixes: nil, confirms: 0,
        saysEachStep: false, service: .always(.minutes(60)))
}

/// The world outside of the house: callers, platforms and crews, as a machine of events on a virtual clock. Pure: the same
/// seed and the same words from the house make the same world.
///
/// Whoever drives it asks `nextAt`, advances the house's clock to it, and hands what `take` returns to the house; what the
/// house says to a crew comes back through `hear`.
package struct World: Sendable {
    /// Steps of one crew with one task, in their order.
    private enum Step: Sendable { case answer, setOff, fix, arrive, finish }

    private enum Deed: Sendable {
        case say(Utterance)
        /// `serial` tells whether the crew still has that task in that round.
        case step(Step, crew: CrewID, task: TaskID, serial: Int)
    }

    private struct Event: Comparable, Sendable {
        var at: Instant
        /// Order of making: ties are told alike on every machine.
        var order: Int
        var deed: Deed
        static func < (a: Event, b: Event) -> Bool { (a.at, a.order) < (b.at, b.order) }
        static func == (a: Event, b: Event) -> Bool { (a.at, a.order) == (b.at, b.order) }
    }

    private struct Job: Sendable {
        var serial: Int
        var place: Coordinate
        var category: String
        /// What is to be done; and the case that it is a stage of.
        var work: String
        var kase: CaseID?
        var isAccepted = false
    }

    private struct CrewLife: Sendable {
        var position: Coordinate
        /// Where it comes from, where it goes, when it left and when it is there.
        var drive: (from: Coordinate, to: Coordinate, left: Instant, there: Instant)?
        var jobs: [TaskID: Job] = [:]
        /// Accepted and not begun, in the order of acceptance.
        var waiting: [TaskID] = []
        var current: TaskID?
    }

    private var dice: SplitMix64
    private let behaviour: Behaviour
    private let zone: TimeZoneRules
    private var events = Heap<Event>()
    private var made = 0
    private var said = 0
    private var lives: [CrewID: CrewLife]
    private var willFail: Set<String>

    package init(seed: UInt64, behaviour: Behaviour, zone: TimeZoneRules, crews: [(id: CrewID, base: Coordinate)]) {
        dice = SplitMix64(seed: seed)
        self.behaviour = behaviour
        self.zone = zone
        willFail = behaviour.failsOnce
        lives = Dictionary(uniqueKeysWithValues: crews.map { ($0.id, CrewLife(position: $0.base)) })
    }

    /// When something happens next; nil: never again, unless the house speaks.
    package var nextAt: Instant? { events.min?.at }

    /// Somebody will say this at its instant.
    package mutating func add(_ utterance: Utterance) { add(.say(utterance), at: utterance.at) }

    private mutating func add(_ deed: Deed, at: Instant) {
        made += 1
        events.insert(Event(at: at, order: made, deed: deed))
    }

    /// All that is said up to and at `now`, in order.
    package mutating func take(until now: Instant) -> [Utterance] {
        var spoken: [Utterance] = []
        while let event = events.min, event.at <= now {
            events.removeMin()
            switch event.deed {
            case .say(let utterance): spoken.append(utterance)
            case .step(let step, let crew, let task, let serial):
                guard let job = lives[crew]?.jobs[task], job.serial == serial else { continue }
                take(step, crew: crew, task: task, job: job, at: event.at, into: &spoken)
            }
        }
        return spoken
    }

    /// What the house says to a crew (or takes from it). Notices to desks and people are not for the world.
    package mutating func hear(_ notice: Notice, task: WorkTask?, at now: Instant) {
        let crew = CrewID(notice.to)
        guard lives[crew] != nil else { return }
        switch notice.event {
        case .dispatched:
            made += 1
            let place = task?.place.coordinate ?? lives[crew]?.position
            guard let place else { return }
            lives[crew]?.jobs[notice.task] = Job(serial: made, place: place, category: task?.category ?? "", work: task?.task ?? "", kase: task?.kase)
            if behaviour.silent > 0, dice.chance(behaviour.silent) { return }
            let delay = dice.span(behaviour.answer)
            add(.step(.answer, crew: crew, task: notice.task, serial: made), at: now + delay)
        case .withdrawn:
            drop(notice.task, of: crew, at: now)
        case .escalated, .unassigned, .completed, .shared, .shared_done, .case_opened, .documents_missing, .stage_begun, .stage_done, .stage_failed, .case_completed,
            .case_withdrawn, .restored, .customer_alert, .customer_task, .lent, .returned, .outage_notice, .outage_changed, .outage_cancelled, .outage_short_notice, .outage_overlap,
            .outage_overrun:
            break
        }
    }

    /// Where a crew is, as its device would say; nil: there is no such crew.
    package func place(of crew: CrewID, at now: Instant) -> Coordinate? {
        guard let life = lives[crew] else { return nil }
        guard let drive = life.drive else { return life.position }
        let part = Double((now - drive.left).milliseconds) / Double(max(1, (drive.there - drive.left).milliseconds))
        return Roads.between(drive.from, drive.to, part: part)
    }

    // MARK: A crew's steps

    private mutating func take(_ step: Step, crew: CrewID, task: TaskID, job: Job, at now: Instant, into spoken: inout [Utterance]) {
        switch step {
        case .answer:
            if behaviour.rejects > 0, dice.chance(behaviour.rejects) {
                spoken.append(progress(.reject, crew, task, note: "vehicle at the workshop", at: now))
                drop(task, of: crew, at: now)
                return
            }
            if behaviour.saysEachStep { spoken.append(progress(.accept, crew, task, at: now)) }
            lives[crew]?.jobs[task]?.isAccepted = true
            lives[crew]?.waiting.append(task)
            begin(crew, at: now)
        case .setOff:
            if behaviour.saysEachStep { spoken.append(progress(.enroute, crew, task, at: now)) }
            guard let from = lives[crew]?.position else { return }
            let speed = dice.real(behaviour.kilometresPerHour)
            let there = now + Roads.drive(from: from, to: job.place, kilometresPerHour: speed)
            lives[crew]?.drive = (from, job.place, now, there)
            add(.step(.arrive, crew: crew, task: task, serial: job.serial), at: there)
            if let fixes = behaviour.fixes, now + fixes < there { add(.step(.fix, crew: crew, task: task, serial: job.serial), at: now + fixes) }
        case .fix:
            guard let drive = lives[crew]?.drive, let fixes = behaviour.fixes else { return }
            let part = Double((now - drive.left).milliseconds) / Double(max(1, (drive.there - drive.left).milliseconds))
            let here = Roads.between(drive.from, drive.to, part: part)
            lives[crew]?.position = here
            spoken.append(position(crew, here, at: now))
            if now + fixes < drive.there { add(.step(.fix, crew: crew, task: task, serial: job.serial), at: now + fixes) }
        case .arrive:
            lives[crew]?.drive = nil
            lives[crew]?.position = job.place
            spoken.append(position(crew, job.place, at: now))
            spoken.append(progress(.onsite, crew, task, at: now))
            add(.step(.finish, crew: crew, task: task, serial: job.serial), at: now + serviceTime(job.category))
        case .finish:
            let hasFailed = job.kase != nil && willFail.remove(job.work) != nil
            spoken.append(progress(.complete, crew, task, outcome: hasFailed ? "failed" : "done", note: hasFailed ? "接地电阻超标" : nil, at: now))
            // A stage is closed when it is done; whoever called about a fault says so.
            if job.kase == nil, behaviour.confirms > 0, dice.chance(behaviour.confirms) {
                let at = now + dice.span(.minutes(5)...(.minutes(50)))
                add(.say(progress(.close, nil, task, at: at)), at: at)
            }
            drop(task, of: crew, at: now)
        }
    }

    private mutating func serviceTime(_ category: String) -> TimeSpan {
        switch behaviour.service {
        case .always(let span): span
        case .byCategory(let spans, let otherwise): dice.span(spans[category] ?? otherwise)
        }
    }

    /// Takes up the next accepted task, when the crew has none in hand.
    private mutating func begin(_ crew: CrewID, at now: Instant) {
        guard let life = lives[crew], life.current == nil, let task = life.waiting.first, let job = life.jobs[task] else { return }
        lives[crew]?.waiting.removeFirst()
        lives[crew]?.current = task
        let delay = dice.span(behaviour.setOff)
        add(.step(.setOff, crew: crew, task: task, serial: job.serial), at: now + delay)
    }

    /// Forgets a task that is done, refused or taken away, and begins the next.
    private mutating func drop(_ task: TaskID, of crew: CrewID, at now: Instant) {
        guard var life = lives[crew], life.jobs.removeValue(forKey: task) != nil else { return }
        life.waiting.removeAll { $0 == task }
        if life.current == task {
            life.current = nil
            if let drive = life.drive {
                let part = Double((now - drive.left).milliseconds) / Double(max(1, (drive.there - drive.left).milliseconds))
                life.position = Roads.between(drive.from, drive.to, part: part)
                life.drive = nil
            }
        }
        lives[crew] = life
        begin(crew, at: now)
    }

    // MARK: Words

    private mutating func progress(
        _ event: ProgressEvent, _ crew: CrewID?, _ task: TaskID, outcome: String? = nil, note: String? = nil, at: Instant
    ) -> Utterance {
        said += 1
        let id = "p-\(said)"
        let zone = zone
        var json = JSONWriter()
        json.object {
            $0.field("kind", "progress")
            $0.field("id", id)
            $0.field("source", crew == nil ? "95598" : "crew-app")
            $0.field("task", task.description)
            $0.field("event", event.rawValue)
            $0.field("by", crew?.rawValue ?? "caller")
            $0.field("at", at.rfc3339(in: zone))
            $0.field("outcome", outcome)
            $0.field("note", note)
        }
        return Utterance(at: at, kind: .progress(event), id: id, json: json.bytes)
    }

    private mutating func position(_ crew: CrewID, _ place: Coordinate, at: Instant) -> Utterance {
        said += 1
        let id = "g-\(said)"
        let zone = zone
        var json = JSONWriter()
        json.object {
            $0.field("kind", "crew")
            $0.field("id", id)
            $0.field("source", "gps")
            $0.field("crew", crew.rawValue)
            $0.key("place")
            $0.object {
                $0.field("lat", place.latitude)
                $0.field("lon", place.longitude)
            }
            $0.field("at", at.rfc3339(in: zone))
        }
        return Utterance(at: at, kind: .position, id: id, json: json.bytes)
    }
}
