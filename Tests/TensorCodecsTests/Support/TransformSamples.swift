import VarveTestSupport

@testable import TensorCodecs

/// A chain of method `transform` on parameters in training, encoded and decoded side by side.
struct TransformSamples {
    struct Parameter {
        var form: MatrixForm
        var format: FloatFormat
        var values: DriftingParameter
        var rule = FirstMomentScale.unknown
        var hasFirst = true
        var hasSecond = true
        var hasMaximum = false
        /// What came before, for a chain that begins with a step stored exactly.
        var before: [UInt8]?
        var encoderState: TransformState?
        var decoderState: TransformState?
        var error = 0.0
        /// So large that keyframes follow the weights' own size.
        var expectedChange: Double? = 1e30

        init(_ shape: [Int], _ format: FloatFormat, seed: UInt64) {
            form = MatrixForm(shape)
            self.format = format
            values = DriftingParameter(rows: form.rows, columns: form.columns, seed: seed)
        }

        var weight: [UInt8] { format.bytes(values.weight) }

        var input: ParameterInput {
            var input = ParameterInput(form: form, format: format, weight: weight)
            input.previous = before
            input.previousError = error
            input.state = encoderState
            func moment(_ values: [Float]) -> MomentTensor {
                MomentTensor(bytes: FloatFormat.f32.bytes(values), format: .f32)
            }
            if hasFirst { input.first = moment(values.first) }
            if hasSecond { input.second = moment(values.second) }
            if hasMaximum { input.maximum = moment(values.second.map { $0 * 1.5 }) }
            input.firstMomentScale = rule
            input.expectedChange = expectedChange
            return input
        }
    }

    /// One step's blobs and what the decoder was given.
    struct Step {
        var encoded: [EncodedParameter]
        var chain: [UInt8]
        var moments: [UInt8]?
        var members: [TransformDecoder.Member]
    }

    var parameters: [Parameter]
    let encoder: TransformEncoder

    init(_ parameters: [Parameter], _ settings: TransformSettings) {
        self.parameters = parameters
        encoder = TransformEncoder(settings: settings)
    }

    /// Encodes the parameters as they are now; `nil` where one cannot be quantized.
    mutating func encode() throws -> Step? {
        var encoded: [EncodedParameter] = []
        for parameter in parameters {
            guard let member = try encoder.encode(parameter.input) else { return nil }
            encoded.append(member)
        }
        let members = parameters.map { parameter in
            var state = parameter.decoderState
            if state == nil, let before = parameter.before {
                state = TransformState(form: parameter.form, format: parameter.format, exactly: before)
            }
            return TransformDecoder.Member(form: parameter.form, format: parameter.format, state: state)
        }
        return Step(
            encoded: encoded, chain: try TransformPacking.packChain(encoded).bytes,
            moments: try TransformPacking.packMoments(encoded)?.bytes, members: members)
    }

    /// Takes the step over as what comes before, and trains on.
    mutating func advance(_ step: Step, _ chain: TransformDecoder.Chain) {
        for index in parameters.indices {
            let member = step.encoded[index]
            parameters[index].error =
                ResidualCodec.error(
                    parameters[index].weight, member.weight, format: parameters[index].format
                ).squared
            parameters[index].encoderState = member.state
            parameters[index].decoderState = chain.states[index]
            parameters[index].before = member.weight
            parameters[index].values.advance(1)
        }
    }
}
