import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Checkpoints

/// What tying states to parameters costs, counted in steps of the work: every machine then comes to the same end.
@Suite struct PairingWorkTests {
    private func weights(_ names: [String], shape: [Int] = [8, 8]) -> [Weight] {
        names.enumerated().map { index, name in
            let tensor = StoredTensor(
                name: name, dtype: .f32, shape: shape, strides: StoredTensor.rowMajorStrides(shape), storage: index,
                elementOffset: 0)
            return Weight(
                name: name, ownName: name, tensorIndex: TensorIndex(file: 0, tensor: index), tensor: tensor,
                dictionary: 0, original: index, isOrdered: false, isBuffer: false)
        }
    }

    private func slots(_ count: Int, shape: [Int] = [8, 8]) -> [PairingSlot] {
        (0..<count).map { index in
            var slot = OptimizerSlot(statePath: "state.\(index)")
            slot.hasState = true
            slot.shape = shape
            return PairingSlot(
                slot: slot, hyperparameters: Hyperparameters(), weightDecay: 0, optimizer: 0, group: 0)
        }
    }

    /// A table whose correlations come from a seed, many of them equal.
    private func table(_ rows: Int, _ columns: Int, seed: UInt64, levels: Double) -> UpdateCorrelation.Table {
        var random = SplitMix64(seed: seed)
        let cells = (0..<rows * columns).map { _ in Float((random.uniform() * levels).rounded() / levels * 2 - 1) }
        return UpdateCorrelation.Table(
            slots: Array(0..<rows), weights: Array(0..<columns), correlation: cells, count: 64,
            hasDirection: [Bool](repeating: true, count: rows), hasChange: [Bool](repeating: true, count: columns),
            isUnchanged: [Bool](repeating: false, count: columns))
    }

    @Test func aSearchEndsAtItsLimitAndTellsNothingThen() {
        let names = (0..<300).map { "zz\($0 * 7919 % 1009).w\($0)" }
        let problem = PairingProblem(
            weights: weights(names), slots: slots(300), open: Array(0..<300), over: Array(0..<300))
        var search = SiblingSearch(problem: problem, subset: Array(0..<300), workLimit: 50_000)
        // Every other order looks better than the one before it: without a limit there would be no end.
        var calls: Float = 0
        let found = search.mappings { _, _ in
            calls += 1
            return calls
        }
        #expect(found.isEmpty && search.isExhausted)
        // One look goes over the limit at most.
        #expect(search.work <= 50_000 + 300 * 40)
    }

    @Test func aSearchOfSpeakingNamesIsShort() {
        let names = (0..<300).map { "net.blocks.\($0).weight" }.sorted()
        let problem = PairingProblem(
            weights: weights(names), slots: slots(300), open: Array(0..<300), over: Array(0..<300))
        var search = SiblingSearch(problem: problem, subset: Array(0..<300))
        let found = search.mappings { _, _ in 0 }
        #expect(found.count == 1 && search.work < 20_000)
        #expect((0..<300).allSatisfy { names[found[0].weight[$0] ?? 0] == "net.blocks.\($0).weight" })
    }

    @Test func marksAreTheRules() {
        let names = ["wte.weight", "h.0.ln.weight", "h.0.fc.weight", "h.0.fc.bias", "head.weight", "h.1.norm.weight"]
        let all = weights(names) + weights(["h.0.norm", "gamma"], shape: [8])
        let marks = NoDecayMarks(all, among: Array(all.indices))
        let splits = (0..<marks.count).map { marks.split(Array(all.indices), by: $0) }
        #expect(Set(splits.map(\.without)).count == marks.count)
        for rule in NoDecayRule.all {
            #expect(splits.contains { $0.without == all.indices.filter { rule.matches(all[$0]) } })
            #expect(splits.contains { $0.with == all.indices.filter { !rule.matches(all[$0]) } })
        }
    }

    /// The largest of all cells first, the plain way.
    private func largestFirst(_ table: UpdateCorrelation.Table) -> [Int] {
        let columns = table.weights.count
        var result = [Int](repeating: -1, count: table.slots.count), used = Set<Int>()
        let cells = table.correlation.indices.sorted {
            table.correlation[$0] != table.correlation[$1] ? table.correlation[$0] > table.correlation[$1] : $0 < $1
        }
        for cell in cells where result[cell / columns] < 0 && !used.contains(cell % columns) {
            result[cell / columns] = cell % columns
            used.insert(cell % columns)
        }
        return result
    }

    @Test(arguments: [(5, 5), (40, 40), (30, 50), (50, 30), (1, 1), (0, 3), (600, 600)])
    func anAssignmentTakesTheLargestFirst(rows: Int, columns: Int) {
        for (seed, levels) in [(UInt64(1), 1e6), (2, 8), (3, 1)] {
            let table = table(rows, columns, seed: seed, levels: levels)
            // Exchanges come after it, in small tables.
            if rows > 512 { #expect(Assignment.best(table) == largestFirst(table)) }
            let (columnsTaken, used) = Assignment.mutual(table)
            let plain = largestFirst(table)
            for (row, column) in columnsTaken.enumerated() where column >= 0 {
                #expect(plain[row] == column && used[column])
            }
        }
    }

    @Test func clearPairsAreFoundInFewLooks() {
        let size = 400
        var clear = table(size, size, seed: 4, levels: 1e6)
        clear.correlation = clear.correlation.map { $0 * 0.1 }
        for row in 0..<size { clear.correlation[row * size + (row * 7 + 3) % size] = 0.9 }
        var pairs = ClearPairs(clear)
        var found: [Int: Int] = [:]
        while let (row, column) = pairs.next(margin: 0.3) { found[row] = column }
        #expect(found.count == size && found.allSatisfy { $1 == ($0 * 7 + 3) % size })
        // Each once as a row and as a column, and some again: not all of them for every pair that goes.
        #expect(pairs.work < 12 * size * size)
    }

    @Test func productsAreThoseOfThePlainWay() {
        for (rows, columns, count) in [(1, 1, 1), (3, 2, 7), (5, 5, 8), (4, 7, 33), (0, 3, 5), (2, 0, 5)] {
            let left = SeededTensors.floats(rows * count, seed: 1),
                right = SeededTensors.floats(columns * count, seed: 2)
            let products = CorrelationProduct.products(left, rows: rows, right, columns: columns, count: count)
            #expect(products.count == rows * columns)
            for cell in products.indices {
                let (row, column) = (cell / columns, cell % columns)
                let sum = (0..<count).reduce(0.0) {
                    $0 + Double(left[row * count + $1]) * Double(right[column * count + $1])
                }
                #expect(abs(Double(products[cell]) - sum) < 1e-5 * Double(count))
            }
        }
    }

    @Test func namesAreFoundByTheirEndings() {
        let all = weights(["model.a.weight", "model.b.weight", "head.weight", "a.bias"])
        let matcher = ParameterNames.Matcher(all)
        for (name, index) in [
            ("model.a.weight", 0), ("module.model.b.weight", 1), ("b.weight", 1), ("net.head.weight", 2),
            ("weight", nil),
            ("x.weight", nil), ("bias", 3),
        ] as [(String, Int?)] {
            #expect(matcher.find(name, shape: nil, in: all) == index, "\(name)")
        }
        #expect(matcher.find("b.weight", shape: [8], in: all) == nil)
    }
}

/// Runs of many weights of one shape.
@Suite struct ManyWeightsTests {
    let directory = try! TemporaryDirectory()

    /// Checkpoints as the Trainer saves them, the weights' names sorted.
    private func make(_ names: [String], isHonest: Bool, steps: [Int]) throws -> Run {
        var random = SplitMix64(seed: 5)
        var weights = names.indices.map { SeededTensors.floats(64, seed: UInt64($0)) }
        for step in steps {
            var states: [[TestTensor]] = []
            for index in names.indices {
                let first = (0..<64).map { _ in Float(random.normal()) * 1e-3 }
                let second = (0..<64).map { _ in Float(random.uniform()) * 1e-6 + 1e-8 }
                states.append([
                    TestTensor("exp_avg", shape: [8, 8], floats: first),
                    TestTensor("exp_avg_sq", shape: [8, 8], floats: second),
                ])
                for position in 0..<64 {
                    let move = isHonest ? first[position] / second[position].squareRoot() : Float(random.normal())
                    weights[index][position] -= 1e-3 * move
                }
            }
            let model = zip(names, weights).map { TestTensor($0, shape: [8, 8], floats: $1) }
            let sorted = model.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            try directory.write(SafetensorsMaker.file(sorted), to: "run/checkpoint-\(step)/model.safetensors")
            try directory.write(
                TrainingStep(number: step, model: model, states: states).optimizerFile(),
                to: "run/checkpoint-\(step)/optimizer.pt")
            try directory.write(
                Array("{\"global_step\": \(step)}".utf8), to: "run/checkpoint-\(step)/trainer_state.json")
        }
        return try Run.discover(directory.file("run"))
    }

    private func read(_ run: Run) throws -> [StepContents] {
        var all: [StepContents] = []
        for step in run.steps {
            all.append(
                try StepContents.read(
                    step, of: run, previous: all.last.map { FilePreviousWeights($0) },
                    known: all.last?.knownPairs ?? [:]))
        }
        return all
    }

    @Test(arguments: [true, false])
    func theDataTieManyWeights(isSpeaking: Bool) throws {
        let names = (0..<120).map { isSpeaking ? "net.blocks.\($0).weight" : "zz\($0 * 7919 % 1009).w\($0)" }
        let contents = try #require(try read(make(names, isHonest: true, steps: [1, 2])).last)
        let tied = contents.parameters.filter { $0.weight != nil && $0.statePath != nil }
        #expect(tied.count == 120)
        for parameter in tied {
            let path = try #require(parameter.statePath)
            #expect(path.hasSuffix(".\(try #require(names.firstIndex(of: parameter.name)))"), "\(parameter.name)")
        }
    }

    @Test func whatNothingTellsStaysOpenAndIsNotLookedForAgain() throws {
        let names = (0..<200).map { "zz\($0 * 7919 % 1009).w\($0)" }
        let all = try read(make(names, isHonest: false, steps: [1, 2, 3, 4]))
        #expect(all.allSatisfy { $0.parameters.filter { $0.pairing == .ambiguous }.count == 200 })
        // The search of two hundred names that stand side by side is given up, and said to be.
        #expect(all[1].warnings.contains { $0.contains("given up") })
        #expect(all[1].searches == PairingSolver.searchLimit + 1)
        #expect(all[2].searches == all[1].searches && all[2].warnings.contains { $0.contains("given up") })
        #expect(all[3].knownPairs[StepContents.searchesKey] == "\(all[1].searches)")
    }
}
