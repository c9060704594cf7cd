"""What is trained and how it is compressed, in the short form and in the full one."""
from dataclasses import dataclass, replace

RESUMED = 40                                             # steps after resuming, for the loss increase that stays
FIRST = 20                                               # of which so many for the loss increase on the way


@dataclass(frozen=True)
class Model:
    """A training run: the model, the optimizer, and how often it is saved."""
    name: str
    kind: str                                            # gpt, convnet or encoder
    optimizer: str                                       # adamw or sgd
    width: int
    rate: float
    decay: float
    batch: int
    every: int                                           # steps between checkpoints
    checkpoints: int
    schedule: int                                        # the step where the learning rate has fallen
    evaluation: int                                      # batches
    beta2: float = 0.0
    layers: int = 0
    length: int = 0
    falls: str = "to a tenth"                            # the learning rate: to a tenth, to zero, or not
    warmup: int = 50                                     # steps until the learning rate is whole
    text: str = "Python"                                 # or C++
    start: "Model | None" = None                         # the run whose last weights this one begins from

    @property
    def steps(self):
        """The steps that are saved."""
        return [self.every * (i + 1) for i in range(self.checkpoints)]

    @property
    def tuned(self):
        """Whether it begins from weights that were trained before: another run's, or those of a package."""
        return self.start is not None or self.kind == "encoder"

    @property
    def counts(self):
        """What the share of right answers is called; empty where nobody asks for it."""
        return {"convnet": "accuracy", "encoder": "recall at 1"}.get(self.kind, "")


@dataclass(frozen=True)
class Method:
    """Options of `varve compress`. Methods of one family are points of one curve."""
    name: str
    family: str
    options: tuple
    label: str                                           # beside its point in the plot
    optimizer: str = ""                                  # of the only runs it is for
    base: bool = False                                   # builds on the weights that a fine-tuned run began from

    def fits(self, model):
        return self.optimizer in ("", model.optimizer) and (model.tuned or not self.base)


@dataclass(frozen=True)
class Plan:
    name: str
    models: tuple
    methods: tuple
    broken_off: tuple                                    # names of methods that train in the paper's protocol
    broken_off_models: tuple                             # names of the models that do
    tuned: tuple                                         # names of the methods that fine-tuned runs are compressed with


def excp(alpha):
    options = ("--method", "excp", "--alpha", alpha)
    return Method(f"excp, alpha {alpha}", "excp", options, f"α {alpha}", "adamw")


def excp_bits(bits):
    """Without a second moment the threshold does not depend on alpha; bits are what is left to set."""
    return Method(f"excp, {bits} bits", "excp", ("--method", "excp", "--bits", bits), f"{bits} bits", "sgd")


def quality(name):
    return Method(f"quality {name}", "transform", ("--quality", name), name)


def with_base(name):
    return Method(f"quality {name}, base", "transform", ("--quality", name), f"{name}, base", base=True)


def step_size(size):
    return Method(f"step size {size}", "transform", ("--step-size", size), f"q {size}")


def gpt(beta2, **sizes):
    return Model(f"gpt, beta2 {beta2}", "gpt", "adamw", rate=2e-3, decay=0.1, beta2=beta2, length=64, batch=16, **sizes)


def convnet(evaluation, **sizes):
    """Evaluated on four times as many batches: a picture is one answer, a text is one for every byte."""
    return Model("convnet, SGD", "convnet", "sgd", rate=0.01, decay=5e-4, batch=64, evaluation=4 * evaluation, **sizes)


def tuned(start, rate, **times):
    """Trained on from that run's last weights with fresh moments, at a constant small rate, on other text."""
    return replace(start, name=f"{start.name}, tuned at {rate:g}", start=start, rate=rate, falls="not", warmup=0,
                   text="C++", checkpoints=4, **times)


def encoder(rate):
    """The pretrained sentence encoder of requirements.txt, fine-tuned on what Python's functions say they do."""
    return Model(f"sentence encoder, tuned at {rate:g}", "encoder", "adamw", width=384, rate=rate, decay=0.01, batch=32,
                 every=60, checkpoints=3, schedule=180, evaluation=1, beta2=0.999, falls="not", warmup=18)


def to_zero(model):
    """The same run with a rate that falls linearly and is zero at its end: its last intervals change least."""
    return replace(model, name=f"{model.name}, rate to zero", falls="to zero", schedule=model.steps[-1])


TUNED = ("excp, alpha .01", "quality high", "quality balanced", "quality small", "quality high, base",
         "quality balanced, base", "quality small, base")


def plan(full):
    bases = tuple(with_base(name) for name in ("high", "balanced", "small"))
    if full:
        times = dict(every=200, checkpoints=8, schedule=2400, evaluation=24)
        small, large = gpt(0.95, width=128, layers=4, **times), gpt(0.999, width=128, layers=4, **times)
        models = (small, large, convnet(width=32, **times), to_zero(small), tuned(small, 1e-6, every=60),
                  tuned(small, 1e-5, every=60), encoder(2e-5), encoder(5e-6), encoder(1e-6))
        methods = (excp(".01"), excp(".005"), excp(".002"), excp("5e-5"), excp_bits("2"), excp_bits("3"),
                   excp_bits("4"), quality("high"), quality("balanced"),
                   quality("small"), step_size("1.4"), step_size("3"), step_size("9"), *bases)
        broken_off = ("excp, alpha .01", "excp, alpha .002", "excp, 4 bits", "quality balanced")
        return Plan("full", models, methods, broken_off, tuple(model.name for model in models[:3]), TUNED)
    times = dict(every=100, checkpoints=7, schedule=1000, evaluation=12)
    small, large = gpt(0.95, width=96, layers=3, **times), gpt(0.999, width=96, layers=3, **times)
    models = (small, large, convnet(width=24, **times), to_zero(small), tuned(small, 1e-6, every=40),
              tuned(small, 1e-5, every=40))
    methods = (excp(".01"), excp(".002"), excp_bits("2"), excp_bits("4"), quality("high"), quality("balanced"),
               quality("small"), step_size("9"), *bases)
    return Plan("short", models, methods, ("excp, alpha .01", "quality balanced"), (small.name,), TUNED)
