"""Averages of a model's weights, and the forms that they are saved in."""
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

DECAY = 0.99


class Averaged:
    """torch's AveragedModel under the key `ema`: its names begin with `module.`, and it counts."""

    key, model_key = "ema", "model"

    def __init__(self, model, decay=DECAY):
        self.copy = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay) if decay else None)

    def update(self, model):
        self.copy.update_parameters(model)

    def state_dict(self):
        return self.copy.state_dict()

    def load_state_dict(self, state):
        self.copy.load_state_dict(state)

    def module(self):
        return self.copy.module


class Equal(Averaged):
    """Stochastic weight averaging: every step has the same share."""

    key = "swa"

    def __init__(self, model):
        super().__init__(model, decay=None)


class Timm(Averaged):
    """As timm saves its ModelEmaV3: `state_dict` and `state_dict_ema`, both with the model's own names."""

    key, model_key = "state_dict_ema", "state_dict"

    def state_dict(self):
        return self.copy.module.state_dict()

    def load_state_dict(self, state):
        self.copy.module.load_state_dict(state)
        self.copy.n_averaged.fill_(1)


class Shadows(Averaged):
    """As diffusers saves its EMAModel: a list of tensors without names."""

    def state_dict(self):
        return {"decay": DECAY, "shadow_params": [p.detach().clone() for p in self.copy.module.parameters()]}

    def load_state_dict(self, state):
        with torch.no_grad():
            for parameter, value in zip(self.copy.module.parameters(), state["shadow_params"], strict=True):
                parameter.copy_(value)
        self.copy.n_averaged.fill_(1)
