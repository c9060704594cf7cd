"""A wheel that has the program in it is of one platform; one without is of any."""

import os

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel

BINARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "src", "varve", "bin", "varve")


class Wheel(bdist_wheel):
    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = not os.path.exists(BINARY)

    def get_tag(self):
        tag = super().get_tag()
        # It serves every Python: nothing in it is linked with one.
        return tag if self.root_is_pure else ("py3", "none", tag[2])


setup(cmdclass={"bdist_wheel": Wheel})
