"""Schedule-free optimizers and Prodigy from their own packages, and optimizers with states of few bits."""
from entry import Entry


def schedule_free(kind, **settings):
    def make(model):
        import schedulefree
        return getattr(schedulefree, kind)(model.parameters(), **settings)
    return Entry(kind, "schedulefree", make)


def prodigy(name, **settings):
    def make(model):
        import prodigyopt
        return prodigyopt.Prodigy(model.parameters(), **settings)
    return Entry(name, "prodigyopt", make)


def bitsandbytes(kind, lr=1e-3, **settings):
    def make(model):
        import bitsandbytes
        return getattr(bitsandbytes.optim, kind)(model.parameters(), lr=lr, **settings)
    return Entry(kind, "bitsandbytes", make)


def torchao(kind):
    def make(model):
        import torchao.optim
        return getattr(torchao.optim, kind)(model.parameters(), lr=1e-3)
    return Entry(kind, "torchao", make)


ENTRIES = [
    schedule_free("AdamWScheduleFree"),
    schedule_free("RAdamScheduleFree"),
    schedule_free("SGDScheduleFree", lr=1.0),
    prodigy("Prodigy"),
    prodigy("Prodigy, slices of 11", slice_p=11),
    bitsandbytes("AdamW"),
    bitsandbytes("AdamW8bit"),
    bitsandbytes("Lion8bit", lr=3e-4),
    bitsandbytes("AdEMAMix"),
    bitsandbytes("AdEMAMix8bit"),
    torchao("AdamW8bit"),
    torchao("AdamW4bit"),
    torchao("AdamWFp8"),
]
