extension FigureReport {
    /// Ranks where the time went, of what processes, stages and kinds of work say: each department's part of a stage or a kind of work for itself.
    mutating func rankCosts() {
        var costs: [CostFigure] = []
        for process in processes {
            for wait in Wait.allCases where process.waits[wait] > 0 {
                costs.append(CostFigure(subject: process.name, part: nil, wait: wait, milliseconds: process.waits[wait], share: 0))
            }
            for stage in process.stages {
                for part in stage.parts {
                    for wait in Wait.allCases where part.waits[wait] > 0 {
                        costs.append(
                            CostFigure(
                                subject: process.name, part: stage.name, wait: wait, role: stage.role, department: part.department ?? stage.department,
                                milliseconds: part.waits[wait], share: 0))
                    }
                }
            }
        }
        for work in works {
            for part in work.parts {
                for wait in Wait.allCases where part.waits[wait] > 0 {
                    costs.append(
                        CostFigure(
                            subject: work.name, part: work.work.map { NamedCode($0) }, wait: wait, department: part.department, milliseconds: part.waits[wait],
                            share: 0))
                }
            }
        }
        whole = costs.reduce(0) { $0 + $1.milliseconds }
        for place in costs.indices { costs[place].share = Double(costs[place].milliseconds) / Double(whole) }
        self.costs = costs.sorted { a, b in
            let (one, other) = ((a.subject.code, a.part?.code ?? "", a.wait.rawValue), (b.subject.code, b.part?.code ?? "", b.wait.rawValue))
            if a.milliseconds != b.milliseconds { return a.milliseconds > b.milliseconds }
            return one == other ? a.department?.code ?? "" < b.department?.code ?? "" : one < other
        }
    }
}
