//! Distances on a sphere of the earth's mean radius, which are off by at most half a percent.

use serde::Deserialize;

/// The mean radius of the earth, in kilometres (IUGG).
const RADIUS: f64 = 6371.0088;

/// What a distance is told in.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(super) enum Unit {
    #[default]
    #[serde(rename = "km")]
    Kilometres,
    #[serde(rename = "m")]
    Metres,
    #[serde(rename = "mi")]
    Miles,
    #[serde(rename = "nmi")]
    NauticalMiles,
}

impl Unit {
    pub(super) fn of_kilometres(self, kilometres: f64) -> f64 {
        match self {
            Unit::Kilometres => kilometres,
            Unit::Metres => kilometres * 1000.0,
            Unit::Miles => kilometres / 1.609_344,
            Unit::NauticalMiles => kilometres / 1.852,
        }
    }
}

/// A place, in degrees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

/// By the haversine formula, which is exact for short ways too.
pub(super) fn kilometres(from: Place, to: Place) -> f64 {
    let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
    let cosines = from.latitude.to_radians().cos() * to.latitude.to_radians().cos();
    let chord = half(from.latitude, to.latitude) + cosines * half(from.longitude, to.longitude);
    2.0 * RADIUS * chord.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(a: (f64, f64), b: (f64, f64)) -> f64 {
        let place = |(latitude, longitude)| Place { latitude, longitude };
        kilometres(place(a), place(b))
    }

    #[test]
    fn known_ways() {
        // A quarter and half of a great circle, and a minute of arc, which is about a nautical mile.
        let circle = 2.0 * std::f64::consts::PI * RADIUS;
        assert!((between((0.0, 0.0), (0.0, 90.0)) - circle / 4.0).abs() < 1e-9);
        assert!((between((90.0, 0.0), (-90.0, 0.0)) - circle / 2.0).abs() < 1e-9);
        assert!((between((0.0, 179.5), (0.0, -179.5)) - circle / 360.0).abs() < 1e-9);
        let minute = Unit::NauticalMiles.of_kilometres(between((50.0, 0.0), (50.0 + 1.0 / 60.0, 0.0)));
        assert!((minute - 1.0).abs() < 0.001);
        assert_eq!(between((51.5, -0.1), (51.5, -0.1)), 0.0);
    }
}
