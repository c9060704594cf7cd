"""What is trained and how it is compressed, in the short form and in the full one."""
from dataclasses import dataclass

RESUMED = 40                                             # steps after resuming, for the damage that stays
FIRST = 20                                               # of which so many for the damage on the way


@dataclass(frozen=True)
class Model:
    """A training run: the model, the optimizer, and how often it is saved."""
    name: str
    kind: str                                            # gpt or convnet
    optimizer: str                                       # adamw or sgd
    width: int
    rate: float
    decay: float
    batch: int
    every: int                                           # steps between checkpoints
    checkpoints: int
    schedule: int                                        # the step where the learning rate has fallen to a tenth
    evaluation: int                                      # batches
    beta2: float = 0.0
    layers: int = 0
    length: int = 0

    @property
    def steps(self):
        """The steps that are saved."""
        return [self.every * (i + 1) for i in range(self.checkpoints)]


@dataclass(frozen=True)
class Method:
    """Options of `varve compress`. Methods of one family are points of one curve."""
    name: str
    family: str
    options: tuple
    label: str                                           # beside its point in the plot
    optimizer: str = ""                                  # of the only runs it is for


@dataclass(frozen=True)
class Plan:
    name: str
    models: tuple
    methods: tuple
    broken_off: tuple                                    # names of methods that train in the paper's protocol
    broken_off_models: tuple                             # names of the models that do


def excp(alpha):
    options = ("--method", "excp", "--alpha", alpha)
    return Method(f"excp, alpha {alpha}", "excp", options, f"α {alpha}", "adamw")


def excp_bits(bits):
    """Without a second moment the threshold does not depend on alpha; bits are what is left to set."""
    return Method(f"excp, {bits} bits", "excp", ("--method", "excp", "--bits", bits), f"{bits} bits", "sgd")


def quality(name):
    return Method(f"quality {name}", "transform", ("--quality", name), name)


def step_size(size):
    return Method(f"step size {size}", "transform", ("--step-size", size), f"q {size}")


def gpt(beta2, **sizes):
    return Model(f"gpt, beta2 {beta2}", "gpt", "adamw", rate=2e-3, decay=0.1, beta2=beta2, length=64, batch=16, **sizes)


def convnet(**sizes):
    return Model("convnet, SGD", "convnet", "sgd", rate=0.01, decay=5e-4, batch=64, **sizes)


def plan(full):
    if full:
        times = dict(every=200, checkpoints=8, schedule=2400, evaluation=24)
        small, large = gpt(0.95, width=128, layers=4, **times), gpt(0.999, width=128, layers=4, **times)
        models = (small, large, convnet(width=32, **times))
        methods = (excp(".01"), excp(".005"), excp(".002"), excp("5e-5"), excp_bits("2"), excp_bits("3"),
                   excp_bits("4"), quality("high"), quality("balanced"),
                   quality("small"), step_size("1.4"), step_size("3"), step_size("9"))
        broken_off = ("excp, alpha .01", "excp, alpha .002", "excp, 4 bits", "quality balanced")
        return Plan("full", models, methods, broken_off, tuple(model.name for model in models))
    times = dict(every=100, checkpoints=7, schedule=1000, evaluation=12)
    models = (gpt(0.95, width=96, layers=3, **times), gpt(0.999, width=96, layers=3, **times),
              convnet(width=24, **times))
    methods = (excp(".01"), excp(".002"), excp_bits("2"), excp_bits("4"), quality("high"), quality("balanced"),
               quality("small"), step_size("9"))
    return Plan("short", models, methods, ("excp, alpha .01", "quality balanced"), (models[0].name,))
