import Testing

@testable import Checkpoints

@Suite struct StepNameTests {
    @Test(arguments: [
        ("checkpoint-500", 500), ("checkpoint_500", 500), ("ckpt_100.pt", 100), ("ckpt-step100", 100),
        ("step_100.safetensors", 100), ("step-100", 100), ("epoch=3-step=400.ckpt", 400), ("iter_0000100", 100),
        ("global_step100", 100), ("model_7.pth", 7), ("model.03.keras", 3), ("model.03.weights.h5", 3),
        ("checkpoint_1_100.pt", 100), ("0000100_adapters.safetensors", 100), ("pytorch_model_100.bin", 100),
        ("100", 100), ("checkpoint-0.pth.tar", 0), ("state_step000020.pt", 20), ("weights_0020.pth", 20),
        ("ckpt_step20.pth", 20), ("step-9", 9), ("epoch=3-step=400-v1.ckpt", 400), ("epoch=2-val_loss=0.25.ckpt", 2),
        ("model_v2_300.pt", 300), ("llama-7b-step-20.pt", 20), ("ckpt_fp16_40.pt", 40), ("iter0000060", 60),
        ("0000020_model.npz", 20), ("checkpoint-1200", 1200), ("globalstep_30", 30), ("snapshot_8.pt", 8),
        ("step_50k.pt", 50000), ("checkpoint-500.orbax-checkpoint-tmp-1", 500), ("ckpt_60.pt.tmp", 60),
        ("2024-05-01_12-30-00_step_70.pt", 70), ("netG_epoch_5.pth", 5), ("model-step=12-loss=3.75.ckpt", 12),
    ])
    func theNumberInANameIsTheStep(name: String, number: Int) {
        #expect(StepName(name)?.number == number)
    }

    @Test(arguments: [
        "model-00001-of-00003.safetensors", "mp_rank_00", "rank_0", "model_v2.pt", "weights_fp16.pt", "last-v1.ckpt",
        "model.safetensors", "last.ckpt", "model_best.pth.tar", "873a631e3915f0b78a17c04a373ecb1e", "optimizer.pt",
        "zero_pp_rank_0_mp_rank_00", "seed_42", "llama-7b.bin",
    ])
    func numbersThatAreNoStepAreIgnored(name: String) {
        #expect(StepName(name) == nil)
    }

    @Test(arguments: [
        "model.safetensors.tmp", "ckpt_1.pt.part", "a.incomplete", "ckpt.pt~", ".tmpAb12", "tmp.pth.tar",
        "tmp-checkpoint-20", "20.orbax-checkpoint-tmp-0", "recovery_tmp.pth.tar",
    ])
    func temporaryNamesAreRecognised(name: String) {
        #expect(StepName.isTemporary(name))
    }

    @Test(arguments: ["checkpoint-20", "model.safetensors", "template_1.pt", "attempt_3.pt"])
    func ordinaryNamesAreNotTemporary(name: String) {
        #expect(!StepName.isTemporary(name))
    }

    @Test func stepBeforeCheckpointBeforeEpoch() {
        #expect(StepName("epoch=3-step=400")?.kind == .step)
        #expect(StepName("model_7")?.kind == .checkpoint)
        #expect(StepName("epoch_3")?.kind == .epoch)
        #expect(StepName("resnet50")?.kind == .glued)
    }

    @Test(arguments: [
        ("last.ckpt", true), ("model_best.pth.tar", true), ("checkpoint.pth", true), ("best_epoch_3.pt", true),
        ("model_2.pth", false),
    ])
    func movingNamesAreKnown(name: String, isMoving: Bool) {
        #expect(StepName.isMoving(name) == isMoving)
    }
}
