"""The optimizers of the package pytorch_optimizer, with its defaults but for what is said here."""
import torch

from entry import Entry, split

MUON = split({"use_muon": True}, {"use_muon": False, "lr": 1e-3})
LOW_RANK = split({"rank": 24, "update_proj_gap": 50, "scale": 1.0, "projection_type": "std"}, {})


def package(kind, groups=None, second_order=False, **settings):
    """An optimizer over all parameters, or over the param groups that `groups` makes of a model."""
    def make(model):
        import pytorch_optimizer
        parameters = groups(model) if groups else model.parameters()
        return getattr(pytorch_optimizer, kind)(parameters, **settings)
    return Entry(kind, "pytorch_optimizer", make, second_order=second_order)


def wrapped(kind):
    """A wrapper around AdamW."""
    def make(model):
        import pytorch_optimizer
        return getattr(pytorch_optimizer, kind)(torch.optim.AdamW(model.parameters(), lr=1e-3))
    return Entry(f"{kind}, AdamW", "pytorch_optimizer", make)


def adam_mini(model):
    import pytorch_optimizer
    return pytorch_optimizer.AdamMini(model, lr=1e-3, num_embeds=96, num_heads=3)


# Of optimizers that keep the same states under the same names one or two are here. Where the default learning rate does
# not train this model in some hundred steps, another one is given.
ENTRIES = [
    package("A2Grad"),
    package("AccSGD", lr=0.1),
    package("AdaBelief"),
    package("AdaHessian", lr=3e-3, second_order=True),
    package("Adai", lr=1.0),
    package("Adalite"),
    package("AdaMod"),
    package("AdamG"),
    Entry("AdamMini", "pytorch_optimizer", adam_mini),
    package("AdaMuon", groups=MUON),
    package("Adan"),
    package("AdaPNM"),
    package("AdaShift", lr=1e-2),
    package("AdaSmooth"),
    package("AdEMAMix"),
    package("ADOPT"),
    package("AggMo", lr=0.03),
    package("Alice"),
    package("Amos"),
    package("APOLLO", groups=LOW_RANK),
    package("ApolloDQN"),
    package("AvaGrad"),
    package("BCOS"),
    package("CAME"),
    package("Conda"),
    package("DAdaptAdaGrad"),
    package("DAdaptAdam"),
    package("DAdaptSGD"),
    package("DiffGrad"),
    package("EXAdam"),
    package("FAdam"),
    package("Fira", groups=LOW_RANK),
    package("FlashAdamW"),
    package("FOCUS"),
    package("FTRL", lr=0.1),
    package("GaLore", groups=LOW_RANK),
    package("Gravity", lr=0.1),
    package("GrokFastAdamW", lr=1e-3),
    package("Kate", lr=1e-4),
    package("Kron"),
    package("Lamb", lr=1e-2),
    package("LaProp"),
    package("LARS", lr=1.0),
    package("Lion", lr=5e-4),
    wrapped("Lookahead"),
    package("MADGRAD"),
    package("MARS"),
    package("Muon", groups=MUON),
    package("Nero"),
    package("NovoGrad"),
    package("PNM", lr=0.1),
    package("QHAdam"),
    package("RACS"),
    package("Ranger", lr=3e-3),
    package("Ranger21", num_iterations=400),
    package("SaRA", lr=1e-2),
    package("ScalableShampoo", lr=3e-2),
    package("SGDSaI"),
    package("Shampoo", lr=2e-2, preconditioning_compute_steps=10),
    package("SignSGD"),
    package("SM3"),
    package("SOAP"),
    package("SophiaH", second_order=True),
    package("SPAM"),
    package("SPlus"),
    package("SRMM", lr=0.1),
    package("StableAdamW"),
    package("StableSPAM"),
    package("TAM", lr=0.1),
    package("Tiger"),
    package("VSGD", lr=1e-2),
    package("Yogi"),
]
