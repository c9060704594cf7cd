import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Checkpoints

/// Where sharded checkpoints keep the settings of their optimizers, and what is made of several.
@Suite struct ParamGroupsTests {
    /// A value of a pickle.
    private indirect enum Value {
        case int(Int)
        case float(Double)
        case string(String)
        case shape([Int])
        case list([Value])
        case dict([(String, Value)])
        case numbered([Value])

        func write(_ writer: inout PickleWriter) {
            switch self {
            case .int(let value): writer.int(value)
            case .float(let value): writer.float(value)
            case .string(let text): writer.string(text)
            case .shape(let sizes): writer.tuple(sizes)
            case .list(let values):
                writer.opcode(0x5D)
                writer.mark()
                for value in values { value.write(&writer) }
                writer.opcode(0x65)
            case .dict(let pairs): writer.dict(pairs) { $1.write(&$0) }
            case .numbered(let values):
                writer.opcode(0x7D)
                writer.mark()
                for (index, value) in values.enumerated() {
                    writer.int(index)
                    value.write(&writer)
                }
                writer.opcode(0x75)
            }
        }

        var pickle: [UInt8] {
            var writer = PickleWriter()
            write(&writer)
            return writer.finished()
        }

        var file: [UInt8] { TorchMaker.zip(pickle: pickle, storages: []) }
    }

    private static func group(_ rate: Double, beta2: Double = 0.95) -> Value {
        .dict([
            ("lr", .float(rate)), ("betas", .list([.float(0.9), .float(beta2)])), ("eps", .float(1e-8)),
            ("max_lr", .float(1)), ("weight_decay", .float(0.1)),
        ])
    }

    private static func settings(_ rate: Double) -> Hyperparameters {
        Hyperparameters(learningRate: rate, beta1: 0.9, beta2: 0.95, epsilon: 1e-8)
    }

    // MARK: Megatron

    private static func optimizer(_ groups: Value...) -> Value {
        .dict([("optimizer", .dict([("param_groups", .list(groups))]))])
    }

    private func found(_ optimizer: Value?) throws -> Hyperparameters? {
        let scheduler = Value.dict([("max_lr", .float(1)), ("num_steps", .int(5))])
        let common = Value.dict(
            [("iteration", .int(5)), ("opt_param_scheduler", scheduler)] + (optimizer.map { [("optimizer", $0)] } ?? [])
        )
        return MegatronStore.hyperparameters(try PickleTree.read(MemorySource(common.pickle)))
    }

    @Test func oneOptimizerOrSeveralInAChain() throws {
        let one = Self.optimizer(Self.group(0.002), Self.group(0.002))
        #expect(try found(one) == Self.settings(0.002))
        #expect(try found(.dict([("param_groups", .list([Self.group(0.002)]))])) == Self.settings(0.002))
        #expect(try found(.list([one, one])) == Self.settings(0.002))
        #expect(try found(.numbered([one, one])) == Self.settings(0.002))
        // The first has no parameters on this rank.
        #expect(try found(.numbered([.dict([]), one])) == Self.settings(0.002))
    }

    @Test func whereTheyDifferTheSmallestRateCountsOrNothing() throws {
        let rates = Self.optimizer(Self.group(0.002), Self.group(0.0005), Self.group(0))
        #expect(try found(rates) == Self.settings(0.0005))
        #expect(try found(.list([rates, Self.optimizer(Self.group(0.0002))])) == Self.settings(0.0002))
        #expect(try found(.list([rates, Self.optimizer(Self.group(0.002, beta2: 0.99))])) == nil)
    }

    @Test func theSchedulersRateIsNoSubstitute() throws {
        #expect(try found(nil) == nil)
        #expect(try found(.dict([("param_state_sharding_type", .string("dp_reshardable"))])) == nil)
        #expect(try found(.list([])) == nil)
        #expect(try found(Self.optimizer()) == nil)
    }

    @Test func flatBuffersHaveTheirGroupsBesideThem() throws {
        let run = try Run.discover(Paths.join(RunFolders.fixtures, "mcore_dp_reshardable"))
        let contents = try StepContents.read(try #require(run.steps.first), of: run)
        let trained = contents.parameters.filter { $0.firstMoment != nil }
        #expect(!trained.isEmpty)
        #expect(Set(trained.map(\.hyperparameters)) == [Self.settings(0.002)])
    }

    // MARK: DeepSpeed

    /// A universal checkpoint of two parameters in two groups.
    private func universal(_ optimizer: Value?) throws -> [String: Hyperparameters] {
        let run = try TemporaryRun()
        let folder = "global_step5_universal"
        let shapes = ["decayed", "other"].map { Value.dict([($0, .shape([4]))]) }
        let config = Value.dict([
            ("optimizer", .dict([("params", .dict([("lr", .float(1))]))])),
            ("zero_optimization", .dict([("stage", .int(1))])),
        ])
        try run.write(
            "\(folder)/mp_rank_00_model_states.pt",
            Value.dict([("global_steps", .int(5)), ("param_shapes", .list(shapes)), ("ds_config", config)]).file)
        for name in ["decayed", "other"] {
            for (seed, key) in ["fp32", "exp_avg", "exp_avg_sq"].enumerated() {
                try run.write(
                    "\(folder)/zero/\(name)/\(key).pt",
                    TorchMaker.zip([TestTensor("param", shape: [4], seed: UInt64(seed))]))
            }
        }
        if let optimizer { try run.write("\(folder)/zero/optimizer_state.pt", optimizer.file) }
        let found = try run.discover()
        let contents = try StepContents.read(try #require(found.steps.first), of: found)
        #expect(contents.parameters.map(\.name) == ["decayed", "other"])
        #expect(contents.parameters.allSatisfy { $0.firstMoment != nil && $0.secondMoment != nil })
        return Dictionary(
            uniqueKeysWithValues: contents.parameters.compactMap { parameter in
                parameter.hyperparameters.map { (parameter.name, $0) }
            })
    }

    private static func groups(_ groups: Value...) -> Value { .dict([("param_groups", .list(groups))]) }

    @Test func universalCheckpointsHaveTheirGroupsInAFile() throws {
        let two = try universal(Self.groups(Self.group(0.002), Self.group(0.001)))
        #expect(two == ["decayed": Self.settings(0.002), "other": Self.settings(0.001)])
        let one = try universal(Self.groups(Self.group(0.002)))
        #expect(one == ["decayed": Self.settings(0.002), "other": Self.settings(0.002)])
        let none = ["decayed": Hyperparameters(), "other": Hyperparameters()]
        #expect(try universal(nil) == none)
        #expect(try universal(.dict([("zero_stage", .int(1))])) == none)
    }
}
