//! QR codes read as a camera would.

/// What a camera would read from a picture. Its path has one piece a run of dark pixels: `Mx yhWvHH…`.
pub fn read(picture: &str) -> String {
    let number = |after: &str| picture.split(after).nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let (width, height): (usize, usize) = (number("width=\""), number("height=\""));
    let mut dark = vec![false; width * height];
    for run in picture.split("d=\"M").nth(1).unwrap().split('"').next().unwrap().split('M') {
        let parts: Vec<usize> = run.split(['h', 'v', 'H', 'V', ' ']).filter_map(|part| part.parse().ok()).collect();
        let [x, y, wide, high] = parts[..4] else { panic!("{run}") };
        (y..y + high).for_each(|y| dark[y * width + x..][..wide].fill(true));
    }
    let mut image = rqrr::PreparedImage::prepare_from_bitmap(width, height, |x, y| dark[y * width + x]);
    let found = image.detect_grids();
    assert_eq!(found.len(), 1);
    found[0].decode().unwrap().1
}
