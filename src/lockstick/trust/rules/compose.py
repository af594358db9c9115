"""Rules about what applications are made of."""

from __future__ import annotations

from lockstick.trust.rules.rule import DAMAGED, REBUILD, Rule, errors

__all__ = ["RULES"]

_GROUP = "Applications"

RULES: tuple[Rule, ...] = (
    *errors(
        _GROUP,
        (
            "compose-not-canonical",
            "A device reads something else in the compose file than it means: the device goes by the shape of lines, not by YAML.",
            "The device would report success without having loaded the images, and look for them in a network that is not there.",
            "Write the file in its canonical form (services indented by 2 spaces, image and platform by 4, no quotes, no comment on those lines), upload it again and define the lockbox again.",
        ),
        (
            "compose-image-reference",
            "A service does not give its image as name@sha256:digest, or one digest stands under two names.",
            "Without a digest the image could be anything; with a tag or a second name the device does not load it.",
            "Give every image by digest only, upload the compose file again and define the lockbox again.",
        ),
        (
            "manifest-missing",
            "The manifest of an image is not in the lockbox.",
            "The device would fail in the middle of the update.",
            REBUILD,
        ),
        (
            "manifest-hash",
            "The manifest of an image has another digest than its name says.",
            "Another image could be put in the place of the signed one.",
            DAMAGED,
        ),
        (
            "manifest-invalid",
            "The manifest of an image is not one that devices understand: too large, without mediaType, or a list within a list.",
            "The device would fail in the middle of the update.",
            "Push the image again with a tool that writes a mediaType, and define the lockbox again.",
        ),
        (
            "manifest-platform",
            "An image is not made for the platform that is asked for, or is listed for it twice.",
            "The device would fail in the middle of the update: it takes an image only if exactly one fits best.",
            "Publish the image for the platform of the devices, once, and define the lockbox again.",
        ),
        (
            "image-archive-missing",
            "The archive of an image is not in the lockbox.",
            "The device would fail in the middle of the update.",
            REBUILD,
        ),
        (
            "image-archive-layout",
            "The archive of an image cannot be read, or is not laid out as devices want it (classic 'docker save', one image, one tag).",
            "The device would refuse it, or its update process would die of it.",
            REBUILD,
        ),
        (
            "image-archive-hash",
            "A configuration or layer in the archive of an image has another digest than was signed.",
            "Altered software would be carried to the device.",
            DAMAGED,
        ),
        (
            "image-archive-trailing-data",
            "Bytes that no digest covers follow the end of an image archive, or stand between its members.",
            "Devices hand such bytes to the container engine, some of them in the middle of the image.",
            DAMAGED,
        ),
        (
            "image-archive-foreign-member",
            "The archive of an image holds a file, link or device that the image does not speak of.",
            "Devices hand it to the container engine although no digest covers it.",
            DAMAGED,
        ),
    ),
)
