"""A wheel that has the program in it is of one platform, and serves every Python there; one without is of any."""

import os

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel

BINARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "src", "varve", "bin", "varve")


class WithProgram(Distribution):
    def has_ext_modules(self):
        return os.path.exists(BINARY)


class Wheel(bdist_wheel):
    def get_tag(self):
        tag = super().get_tag()
        return tag if self.root_is_pure else ("py3", "none", tag[2])


setup(cmdclass={"bdist_wheel": Wheel}, distclass=WithProgram)
